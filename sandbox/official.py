"""What official plugins need in a sandbox, beyond being in the plugins folder.

Docker's and Command's need nothing, and Cloudflare's reads $CLOUDFLARE_BASE_URL. Vultr's knows no other address than
https://api.vultr.com, but honours HTTPS_PROXY and SSL_CERT_FILE. Set in the shell, these would send everything else that
is done there (pip, git, curl) through the sandbox. So they are set by a `pulumi` of our own, which `activate` puts first
on PATH only where that plugin is the official one: Pulumi and what it starts see them, nothing else does. What these ask
of other names the proxy passes through (gateway.py).
"""

from __future__ import annotations

import shlex
from pathlib import Path

from sandbox import pki
from sandbox.providers import install
from sandbox.settings import Settings

_PULUMI = """#!/bin/sh
# Made by `mech sandbox start`: Pulumi with the way to this sandbox that the official Vultr plugin takes.
# Another stack's state is another stack's business.
if [ "$PULUMI_BACKEND_URL" = {backend} ]; then
  export HTTPS_PROXY={proxy} SSL_CERT_FILE={bundle}
fi
IFS=:
for folder in $PATH; do
  [ -x "$folder/pulumi" ] && [ ! -e "$folder/{marker}" ] && exec "$folder/pulumi" "$@"
done
echo "pulumi is not on PATH; set it up: make setup" >&2
exit 127
"""
_ACTIVATE = """if command -v pulumi-resource-vultr >/dev/null || [ ! -e "$PULUMI_HOME"/{marker} ]; then
  export PATH={folder}:"$PATH"
fi
"""


def folder(settings: Settings) -> Path:
    """Holds nothing but that `pulumi`."""
    return settings.state / "bin"


def write(settings: Settings) -> None:
    """Make that `pulumi`. Raises OSError when the folder cannot be written."""
    folder(settings).mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder(settings) / install.MARKER).touch()
    text = _PULUMI.format(
        backend=shlex.quote(settings.backend_url),
        proxy=shlex.quote(settings.https_proxy),
        bundle=shlex.quote(str(settings.pki / "bundle.crt")),
        marker=install.MARKER,
    )
    pki.write_atomic(folder(settings) / "pulumi", text.encode(), 0o700)


def activation(settings: Settings) -> str:
    """Lines for `activate`, which has set PULUMI_HOME before."""
    marker = install.folder(Path(), "vultr") / install.MARKER
    return _ACTIVATE.format(marker=marker, folder=shlex.quote(str(folder(settings))))
