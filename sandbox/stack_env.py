"""What the Pulumi CLI has to know in order to work against the sandbox: one file that `activate` reads."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from sandbox import credentials, official, pki
from sandbox.settings import Settings

# Public on purpose: it opens Pulumi.sandbox.yaml, whose secrets open nothing but a sandbox.
PASSPHRASE = "mech-sandbox"  # noqa: S105


def file() -> Path:
    """The file in the virtual environment's mech-env.d; the engine's set-up sources it."""
    return Path(sys.prefix) / "mech-env.d" / "sandbox.sh"


def variables(settings: Settings) -> dict[str, str]:
    """Environment of Pulumi and its plugins against this sandbox; holds secrets."""
    values = credentials.load(settings)
    return {
        "PULUMI_BACKEND_URL": settings.backend_url,
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(settings.state / "passphrase"),
        "VULTR_API_KEY": values["vultr_api_key"],
        "CLOUDFLARE_API_TOKEN": values["cloudflare_api_token"],
        "CLOUDFLARE_BASE_URL": settings.cloudflare_url,
        "MECH_VULTR_URL": settings.vultr_url,
        # The hosts' registries as `mech preflight` asks them: by their real names, by TLS.
        "MECH_REGISTRY_PROXY": settings.https_proxy,
        "MECH_REGISTRY_CA": str(settings.pki / "bundle.crt"),
        "MECH_SSH_DIR": str(settings.home / ".ssh"),
        **({"MECH_SANDBOX": settings.name} if settings.name != "main" else {}),
    }


def prepare(settings: Settings) -> None:
    """What that environment names: the state backend's folder, its passphrase, the `pulumi` for official plugins."""
    (settings.state / "pulumi").mkdir(parents=True, exist_ok=True, mode=0o700)
    pki.write_atomic(settings.state / "passphrase", f"{PASSPHRASE}\n".encode(), 0o600)
    official.write(settings)


def write(settings: Settings) -> None:
    """Write that file (mode 0600), and what it names."""
    prepare(settings)
    file().parent.mkdir(exist_ok=True)
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in variables(settings).items()]
    text = "# Written by `mech sandbox start`; `mech sandbox stop` removes it.\n" + "".join(lines)
    pki.write_atomic(file(), (text + official.activation(settings)).encode(), 0o600)


def remove(settings: Settings) -> None:
    """Take the file away again, if it is this sandbox's."""
    if file().exists() and settings.backend_url in file().read_text():
        file().unlink()
