"""UFW in one trip that cannot lock us out, and the guard that keeps Docker's published ports behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

STATE = "/var/lib/mech/firewall"
_OURS = b"mech".hex()  # the comment of our rules, as UFW keeps it
_BEGIN, _END = "# BEGIN mech: published ports", "# END mech: published ports"


@dataclass(frozen=True)
class Allow:
    """One accepted TCP port or range (`3001:3010`); `source` is a CIDR, or empty for everybody."""

    port: str
    source: str = ""

    @property
    def rule(self) -> str:
        """As `ufw show added` prints it, so that present and wanted rules compare as text."""
        if self.source:
            return f"allow from {self.source} to any port {self.port} proto tcp"
        return f"allow {self.port}/tcp"


def closing(ports: Sequence[str]) -> str:
    """A regular expression (POSIX extended) for rules of INPUT that close one of these ports to everybody.

    Such a rule stands before UFW's own chains and undoes what is declared. One that names a source (fail2ban's, say)
    is somebody else's decision about somebody, and does not match.
    """
    singles = {str(port) for text in ports for port in _range(text)} | set(ports)
    match = rf"-p tcp (-m (tcp|multiport) )?(--dports? ({'|'.join(sorted(singles))}) )?"
    return rf"^-A INPUT ({match})?-j (DROP|REJECT)"


def _range(text: str) -> range:
    first, _, last = text.partition(":")
    return range(int(first), int(last or first) + 1)


def rules(ssh_from: Sequence[str], service_ports: str | None) -> tuple[Allow, ...]:
    """SSH first, then HTTP and HTTPS, then the guide's service range if it is exposed (guide, Issue 1)."""
    sources = [""] if "0.0.0.0/0" in ssh_from else list(ssh_from)
    wanted = [Allow("22", source) for source in sources] + [Allow("80"), Allow("443")]
    return (*wanted, Allow(service_ports)) if service_ports else tuple(wanted)


def docker_guard(service_ports: str | None) -> str:
    """Rules for Docker's DOCKER-USER chain: what comes from outside to a published port is dropped unless declared.

    Docker's own DNAT happens before UFW's INPUT chain and so passes it by (findings §3; chaifeng/ufw-docker);
    --ctorigdstport is the port that the client asked for, not the container's.
    """
    lines = [
        _BEGIN,
        "*filter",
        ":DOCKER-USER - [0:0]",
        "-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
        "-A DOCKER-USER -i docker0 -j RETURN",
        "-A DOCKER-USER -i br-+ -j RETURN",
    ]
    if service_ports:
        lines.append(f"-A DOCKER-USER -p tcp -m conntrack --ctorigdstport {service_ports} -j RETURN")
    return "\n".join([*lines, "-A DOCKER-USER -j DROP", "COMMIT", _END]) + "\n"


def fingerprint(wanted: Sequence[Allow], guard: str) -> str:
    return hashlib.sha256("\n".join([*(allow.rule for allow in wanted), guard]).encode()).hexdigest()[:16]


_NO_OTHERS = f""" \\
  && ! grep '^### tuple' /etc/ufw/user.rules | grep -qv 'comment={_OURS}$'"""
_REMOVE_OTHERS = """# Asked for by mech:firewall.onlyDeclared; the last number first, since numbers move up.
ufw status numbered | grep '^\\[' | grep -v '# mech$' | sed 's/^\\[ *\\([0-9]*\\)\\].*/\\1/' | sort -rn \\
  | while read -r number; do ufw --force delete "$number" </dev/null >/dev/null; done
"""


def apply(wanted: Sequence[Allow], guard: str, rollback_after_s: int, only_declared: bool = False) -> str:
    """Converge UFW. Changes nothing, and says so, when the host is already as wanted.

    Before the first change a timer is armed that restores the old rules after `rollback_after_s` seconds;
    `confirm`, which needs a new SSH session, disarms it.
    """
    mark = fingerprint(wanted, guard)
    listed = "\n".join(f"ufw {allow.rule} comment 'mech'" for allow in wanted)
    return f"""set -eu
install -d -m 700 {STATE}
cat > {STATE}/wanted <<'END'
{listed}
END
cat > {STATE}/guard <<'END'
{guard}END
sed -n '/^{_BEGIN}$/,/^{_END}$/p' /etc/ufw/after.rules > {STATE}/guard.now
ufw show added | grep "comment 'mech'$" | sort > {STATE}/now || true
# What the kernel has: a rule flushed, put before ours or deleted behind UFW's back shows here only.
live() {{ iptables -w 5 -S INPUT; iptables -w 5 -S ufw-user-input; iptables -w 5 -S DOCKER-USER; }}
# UFW's unit loads the rules at boot; turning UFW on alone does not see to that.
systemctl unmask -q ufw.service 2>/dev/null || true
systemctl enable -q ufw.service
if ufw status | grep -q '^Status: active' && grep -q '^DEFAULT_INPUT_POLICY="DROP"' /etc/default/ufw \\
  && sort {STATE}/wanted | cmp -s - {STATE}/now && cmp -s {STATE}/guard {STATE}/guard.now \\
  && live 2>/dev/null | cmp -s - {STATE}/live{_NO_OTHERS if only_declared else ""}; then
  echo {mark} > {STATE}/applied; echo "unchanged {mark}"; exit 0
fi
# From here on the host undoes everything by itself unless a new SSH session confirms it.
systemctl stop mech-firewall-rollback.timer mech-firewall-rollback.service 2>/dev/null || true
systemctl reset-failed mech-firewall-rollback.service 2>/dev/null || true
rm -f {STATE}/rolled-back
tar -cf {STATE}/before.tar -C / etc/ufw etc/default/ufw
ufw status | grep -q '^Status: active' && echo yes > {STATE}/was-active || echo no > {STATE}/was-active
cat > {STATE}/rollback <<'END'
#!/bin/sh
tar -xf {STATE}/before.tar -C /
if [ "$(cat {STATE}/was-active)" = yes ]; then ufw reload; else ufw --force disable; fi
rm -f {STATE}/applied
date -u +%FT%TZ > {STATE}/rolled-back
END
chmod 700 {STATE}/rollback
systemd-run --quiet --unit=mech-firewall-rollback --on-active={rollback_after_s}s {STATE}/rollback
# SSH is allowed before anything is closed.
while read -r rule; do eval "$rule" </dev/null >/dev/null; done < {STATE}/wanted
grep -vxFf {STATE}/wanted {STATE}/now > {STATE}/extra || true
while read -r rule; do
  eval "$(printf %s "$rule" | sed "s/^ufw /ufw --force delete /; s/ comment 'mech'$//")" </dev/null >/dev/null
done < {STATE}/extra
# A rule of others before ours may take our ports away: ours go first, the last one first so that SSH ends on top.
if grep '^### tuple ###' /etc/ufw/user.rules | head -n {len(wanted)} | grep -qv 'comment={_OURS}$'; then
  sed 's/^ufw //' {STATE}/wanted | tac | while read -r rule; do
    eval "ufw --force delete ${{rule% comment*}}" </dev/null >/dev/null
    eval "ufw insert 1 $rule" </dev/null >/dev/null
  done
fi
{_REMOVE_OTHERS if only_declared else ""}ufw --force default deny incoming >/dev/null
ufw --force default allow outgoing >/dev/null
# What closes our ports before UFW is asked; rules that name a source stay.
iptables -w 5 -S INPUT | sed -n '/-j ufw-/q; /^-A INPUT /p' | grep -E '{closing([allow.port for allow in wanted])}' \\
  | while read -r rule; do iptables -w 5 -D ${{rule#-A }} </dev/null; done || true
sed -i '/^{_BEGIN}$/,/^{_END}$/d' /etc/ufw/after.rules
cat {STATE}/guard >> /etc/ufw/after.rules
if ufw status | grep -q '^Status: active'; then ufw reload >/dev/null; else ufw --force enable >/dev/null; fi
live > {STATE}/live
echo {mark} > {STATE}/applied
echo "applied {mark}" """.rstrip()


def confirm(mark: str) -> str:
    """In a new SSH session, whose coming in is the proof: keep what `apply` did. Fails when it was rolled back."""
    return f"""set -eu
systemctl stop mech-firewall-rollback.timer 2>/dev/null || true
if [ -e {STATE}/rolled-back ] || [ "$(cat {STATE}/applied 2>/dev/null)" != {mark} ]; then
  echo "the firewall change was rolled back on the host before a new SSH session got in. The old rules are in force. \\
Check mech:host.sshFrom and mech:firewall.rollbackAfterS, then run pulumi up again." >&2
  rm -f {STATE}/applied
  exit 1
fi
echo "confirmed {mark}" """.rstrip()
