"""The origin's certificate in /etc/ssl/mech, made and renewed on the host: its key never leaves it."""

from __future__ import annotations

from mech_infra.commands.nginx import CERTIFICATE, KEY

SCRIPT = "/usr/local/sbin/mech-certificate"
_SERVICE = "/etc/systemd/system/mech-certificate.service"
_TIMER = "/etc/systemd/system/mech-certificate.timer"
MODES = {SCRIPT: "755", _SERVICE: "644", _TIMER: "644"}


def names(domain: str) -> list[str]:
    """What the certificate covers: every service, and the domain itself."""
    return [f"*.{domain}", domain]


def files(domain: str, valid_days: int, renew_before_days: int) -> dict[str, str]:
    """The script that makes and renews a self-signed certificate, and the units that run it daily: path to text."""
    covered = ",".join(f"DNS:{name}" for name in names(domain))
    script = f"""#!/bin/sh
# Renews when fewer than {renew_before_days} days are left, or when the names are not the declared ones.
set -eu
crt={CERTIFICATE} key={KEY}
if [ -s "$key" ] && openssl x509 -in "$crt" -noout -checkend $(({renew_before_days} * 86400)) >/dev/null 2>&1 \\
  && openssl x509 -in "$crt" -noout -ext subjectAltName | tr -d ' ' | grep -qxF '{covered}' \\
  && [ "$(openssl x509 -in "$crt" -noout -pubkey)" = "$(openssl pkey -in "$key" -pubout 2>/dev/null)" ]; then
  chown root:root "$key"; chmod 600 "$key"
  echo unchanged; exit 0
fi
umask 077
openssl req -x509 -nodes -days {valid_days} -newkey rsa:2048 -keyout "$key.new" -out "$crt.new" \\
  -subj '/C=US/ST=State/L=City/O=Organization/CN=*.{domain}' -addext 'subjectAltName={covered}' 2>/dev/null
chmod 644 "$crt.new"
mv -f "$key.new" "$key"
mv -f "$crt.new" "$crt"
if systemctl is-active --quiet nginx && nginx -t 2>/dev/null; then systemctl reload nginx; fi
echo renewed
"""
    return {SCRIPT: script, _SERVICE: _SERVICE_TEXT, _TIMER: _TIMER_TEXT}


def self_signed(domain: str, valid_days: int, renew_before_days: int) -> str:
    """Make a self-signed certificate for *.DOMAIN and DOMAIN unless a good one is there; a daily timer renews it."""
    written = "\n".join(
        f"cat > {path} <<'END'\n{text}END\nchown root:root {path}\nchmod {MODES[path]} {path}"
        for path, text in files(domain, valid_days, renew_before_days).items()
    )
    return f"""set -eu
install -d -m 755 /etc/ssl/mech
{written}
systemctl daemon-reload
systemctl unmask -q mech-certificate.timer 2>/dev/null || true
systemctl enable -q --now mech-certificate.timer
{SCRIPT}"""


def signing_request(domain: str) -> str:
    """Print a CSR for *.DOMAIN and DOMAIN with the host's own key, which is made if it is not there."""
    return f"""set -eu
install -d -m 755 /etc/ssl/mech
umask 077
[ ! -e {KEY} ] || {{ chown root:root {KEY}; chmod 600 {KEY}; }}
[ -s {KEY} ] || openssl genrsa -out {KEY} 2048 2>/dev/null
openssl req -new -key {KEY} -subj '/O=Mech/CN=*.{domain}' -addext 'subjectAltName=DNS:*.{domain},DNS:{domain}'"""


def install() -> str:
    """Put the certificate of stdin in place, after checking that it belongs to the host's key."""
    return f"""set -eu
cat > {CERTIFICATE}.new
if [ "$(openssl x509 -in {CERTIFICATE}.new -noout -pubkey)" != "$(openssl pkey -in {KEY} -pubout)" ]; then
  echo "the certificate does not belong to {KEY}; run: pulumi up --replace on the signing request" >&2; exit 1
fi
chmod 644 {CERTIFICATE}.new
mv -f {CERTIFICATE}.new {CERTIFICATE}
if systemctl is-active --quiet nginx && nginx -t 2>/dev/null; then systemctl reload nginx; fi
echo installed"""


_SERVICE_TEXT = f"""[Unit]
Description=Renew Mech's origin certificate
[Service]
Type=oneshot
ExecStart={SCRIPT}
"""
_TIMER_TEXT = """[Unit]
Description=Look daily whether Mech's origin certificate must be renewed
[Timer]
OnCalendar=daily
RandomizedDelaySec=1h
Persistent=true
[Install]
WantedBy=timers.target
"""
