"""Where the project is: most commands need that, and nothing else of what a preflight loads."""

from __future__ import annotations

from pathlib import Path

from mech_ops.errors import OpsError


def project() -> Path:
    """The folder of Pulumi.yaml, here or above. Raises OpsError."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise OpsError("there is no Pulumi.yaml here or above; run this in the project's folder")
