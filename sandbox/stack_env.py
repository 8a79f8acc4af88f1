"""What the Pulumi CLI has to know in order to work against the sandbox: one file that `activate` reads."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from sandbox import credentials
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
        "PULUMI_BACKEND_URL": f"file://{settings.state}/pulumi",
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


def write(settings: Settings) -> None:
    """Write that file (mode 0600), and the state backend's folder with its passphrase."""
    (settings.state / "pulumi").mkdir(parents=True, exist_ok=True, mode=0o700)
    _private(settings.state / "passphrase", PASSPHRASE + "\n")
    file().parent.mkdir(exist_ok=True)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables(settings).items()]
    _private(file(), "# Written by `mech sandbox start`; `mech sandbox stop` removes it.\n" + "\n".join(lines) + "\n")


def remove(settings: Settings) -> None:
    """Take the file away again, if it is this sandbox's."""
    if file().exists() and f"file://{settings.state}/pulumi" in file().read_text():
        file().unlink()


def _private(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(text)
    fresh.replace(path)
