"""What is written into a host's disk before its first boot: name, keys, password, trust, start-up script."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from pathlib import Path

from sandbox import pki
from sandbox.host.model import HostError, HostSpec
from sandbox.host.run import run
from sandbox.settings import Settings

LOG = "/tmp/firstboot.log"  # noqa: S108 - on the host, where the provider keeps it

# Runs once, whatever comes of it (provider: a boot script is not repeated).
UNIT = f"""\
[Unit]
Description=Start-up script of the provider (first boot)
Wants=network-online.target
After=network-online.target
ConditionPathExists=/var/lib/mech/startup
ConditionPathExists=!/var/lib/mech/startup.done

[Service]
Type=oneshot
RemainAfterExit=yes
Environment=HOME=/root
WorkingDirectory=/root
ExecStartPre=/usr/bin/touch /var/lib/mech/startup.done
ExecStart=/var/lib/mech/startup
StandardOutput=append:{LOG}
StandardError=append:{LOG}
TimeoutStartSec=infinity

[Install]
WantedBy=multi-user.target
"""

# These set what all hosts share with the machine (pids, core dumps, links).
_MACHINE_WIDE = (
    "50-pid-max.conf",
    "50-coredump.conf",
    "50-default.conf",
    "99-protect-links.conf",
    "protect-links.conf",
)


def prepare(settings: Settings, spec: HostSpec, root: Path) -> None:
    """Write everything that makes the system below `root` this host. Safe to repeat."""
    _write(root / "etc/hostname", spec.hostname + "\n")
    short = spec.hostname.split(".")[0]
    names = spec.hostname if short == spec.hostname else f"{spec.hostname} {short}"
    _write(root / "etc/hosts", f"127.0.0.1\tlocalhost\n127.0.1.1\t{names}\n::1\tlocalhost ip6-localhost\n")
    _write(root / "etc/machine-id", uuid.uuid4().hex + "\n", 0o444)
    _write(root / "etc/ssh/sshd_config.d/05-first.conf", "# written by the sandbox; yours go beside it\n")
    ssh = root / "root/.ssh"
    ssh.mkdir(mode=0o700, exist_ok=True)
    _write(ssh / "authorized_keys", "".join(key.strip() + "\n" for key in spec.ssh_keys), 0o600)
    _password(root / "etc/shadow", spec.password)
    _host_keys(root / "etc/ssh")
    _trust(settings, root)
    for name in _MACHINE_WIDE:
        link = root / "etc/sysctl.d" / name
        if not link.is_symlink():
            link.symlink_to("/dev/null")
    _startup(spec, root)


def network(settings: Settings, root: Path) -> None:
    """What follows the sandbox's network; written at every boot unless someone made it a link."""
    resolv = root / "etc/resolv.conf"
    if not resolv.is_symlink():
        _write(resolv, f"nameserver {settings.dns}\noptions timeout:1 attempts:1\n")


def _startup(spec: HostSpec, root: Path) -> None:
    if not spec.startup_script:
        return
    text = spec.startup_script.replace("\r\n", "\n")
    if not text.startswith("#!"):
        text = "#!/bin/sh\n" + text
    (root / "var/lib/mech").mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(root / "var/lib/mech/startup", text, 0o700)
    _write(root / "etc/systemd/system/mech-startup.service", UNIT)
    wants = root / "etc/systemd/system/multi-user.target.wants/mech-startup.service"
    wants.parent.mkdir(parents=True, exist_ok=True)
    if not wants.is_symlink():
        wants.symlink_to("/etc/systemd/system/mech-startup.service")


def _trust(settings: Settings, root: Path) -> None:
    ca = pki.ca_pair(settings)[0]
    extra = root / "usr/local/share/ca-certificates/mech-sandbox.crt"
    extra.parent.mkdir(parents=True, exist_ok=True)
    _write(extra, ca)
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    known = bundle.read_text() if bundle.exists() else ""
    if ca not in known:
        _write(bundle, known + ca)


def _host_keys(folder: Path) -> None:
    # Side by side: RSA alone takes most of a second.
    makers = [
        subprocess.Popen(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", str(folder / f"ssh_host_{kind}_key")],
                         stdin=subprocess.DEVNULL)
        for kind in ("ed25519", "rsa", "ecdsa")
        if not (folder / f"ssh_host_{kind}_key").exists()
    ]  # fmt: skip
    codes = [maker.wait() for maker in makers]  # all of them, before any is judged
    if any(codes):
        raise HostError("ssh-keygen could not make the host's keys; is openssh-client installed?")


def _password(shadow: Path, password: str) -> None:
    hashed = run(["openssl", "passwd", "-6", "-stdin"], password + "\n").strip()
    lines = shadow.read_text().splitlines()
    fields = next(line for line in lines if line.startswith("root:")).split(":")
    fields[1] = hashed
    lines = [":".join(fields) if line.startswith("root:") else line for line in lines]
    _write(shadow, "\n".join(lines) + "\n", 0o640)
    shutil.chown(shadow, 0, 42)  # root:shadow in Debian


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.unlink(missing_ok=True)
    path.write_text(text)
    path.chmod(mode)
