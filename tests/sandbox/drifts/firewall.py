"""A person at the host's firewall: ufw and iptables."""

from __future__ import annotations

import time

from .surface import Drift, Surface, ask, kind, shell

# Sorted: the order of accepting rules makes no difference (that of others before ours does: see ufw_rule_shadowed).
UFW = "ufw status verbose | sort; systemctl is-enabled ufw; iptables -S INPUT; iptables -S ufw-user-input | sort"
ALLOWED = "ufw show added | awk '/^ufw allow/ && $3 !~ /^22/ {print $3}'"


@kind
def ufw_rule_deleted(s: Surface) -> Drift:
    rule = s.pick(ALLOWED)
    return shell(s, f"ufw delete allow {rule}", UFW, f"ufw --force delete allow {rule}")


@kind
def ufw_rule_denied(s: Surface) -> Drift:
    rule = s.pick(ALLOWED)
    how = s.rng.choice(["deny", "reject", "limit"])
    return shell(s, f"ufw {how} {rule}", UFW, f"ufw {how} {rule}")


@kind
def ufw_rule_shadowed(s: Surface) -> Drift:
    rule = s.rng.choice(["80/tcp", "443/tcp", "80,443/tcp", "79:90/tcp"])
    port = 443 if rule.startswith("443") else 80
    return Drift(f"ufw insert 1 deny {rule}", lambda: s.reach(port), lambda: s.host(f"ufw insert 1 deny {rule}"),
                 undo=lambda: s.host(f"ufw --force delete deny {rule}"), litter=True)  # fmt: skip


@kind
def ufw_off(s: Surface) -> Drift:
    return shell(s, "ufw disable", UFW, "ufw disable")


@kind
def ufw_reset(s: Surface) -> Drift:
    return shell(s, "ufw reset", UFW, "ufw --force reset")


@kind
def ufw_default_changed(s: Surface) -> Drift:
    return shell(s, "ufw default allow incoming", UFW, "ufw default allow incoming")


@kind
def ufw_not_at_boot(s: Surface) -> Drift:
    return shell(s, "systemctl disable ufw", UFW, "systemctl disable ufw")


@kind
def ufw_foreign_rule(s: Surface) -> Drift:
    port, how = s.rng.randrange(20000, 60000), s.rng.choice(["allow", "deny"])
    return shell(s, f"ufw {how} {port}/tcp", "ufw show added", f"ufw {how} {port}/tcp", f"{how} {port}/tcp",
                 f"ufw --force delete {how} {port}/tcp")  # fmt: skip


@kind
def iptables_guard_flushed(s: Surface) -> Drift:
    # Docker appends a RETURN when it starts; behind a drop of everything no packet gets there.
    look = "iptables -S DOCKER-USER | sed '/^-A DOCKER-USER -j DROP$/q'"
    return shell(s, "iptables -F DOCKER-USER", look, "iptables -F DOCKER-USER")


@kind
def iptables_flushed(s: Surface) -> Drift:
    """Whoever does it locks everybody out, for UFW's policy is to drop: the dashboard's restart is the way back."""
    instance = s.one("/instances", "instances")

    def restart() -> None:
        ask(s.vultr, "POST", f"/instances/{instance['id']}/reboot")
        end = time.monotonic() + 60
        while s.reach(22) != "answers" and time.monotonic() < end:
            time.sleep(1)

    return Drift("iptables -F ufw-user-input", lambda: s.reach(80), lambda: s.host("iptables -F ufw-user-input"),
                 undo=restart)  # fmt: skip


@kind
def iptables_policy(s: Surface) -> Drift:
    return shell(s, "iptables -P INPUT ACCEPT", "iptables -S INPUT", "iptables -P INPUT ACCEPT")


@kind
def iptables_foreign_rule(s: Surface) -> Drift:
    port = s.rng.randrange(20000, 60000)
    rule = f"INPUT -p tcp -m tcp --dport {port} -j DROP"
    return shell(s, f"iptables -I {rule}", "iptables -S INPUT", f"iptables -I {rule}", f"--dport {port}",
                 f"iptables -D {rule}")  # fmt: skip


@kind
def iptables_drops_ours(s: Surface) -> Drift:
    port = s.rng.choice([80, 443])
    rule = f"INPUT -p tcp -m tcp --dport {port} -j DROP"
    return Drift(f"iptables -I {rule}", lambda: s.reach(port), lambda: s.host(f"iptables -I {rule}"),
                 undo=lambda: s.host(f"iptables -D {rule}"), litter=True)  # fmt: skip


@kind
def ufw_after_rules_edited(s: Surface) -> Drift:
    file = "/etc/ufw/after.rules"
    return shell(s, f"DOCKER-USER rules cut out of {file}", f"sha256sum {file}", f"sed -i '/DOCKER-USER/d' {file}")
