"""The files that a container finds: uploaded into it, or mounted from what the program writes on the host."""

from __future__ import annotations

from collections.abc import Mapping

from policies.model import Unjudged
from policies.reading.containers.model import Container, mounts


def inside(container: Container, files: Mapping[str, str], folder: str = "/") -> dict[str, str]:
    """Text by path in the container, below `folder`; `files` are the host's. What is not known is left out."""
    found: dict[str, str] = {}
    try:
        mounted = [one for one in mounts(container) if one.kind == "bind" and isinstance(one.source, str)]
    except Unjudged:
        mounted = []
    for mount in mounted:
        source, target = str(mount.source).rstrip("/"), str(mount.target).rstrip("/")
        for path, text in files.items():
            if path == source or path.startswith(f"{source}/"):
                found[target + path.removeprefix(source)] = text
    uploads = container.props.get("uploads")
    for upload in uploads if isinstance(uploads, list | tuple) else ():
        if (
            isinstance(upload, Mapping)
            and isinstance(upload.get("file"), str)
            and isinstance(upload.get("content"), str)
        ):
            found[upload["file"]] = upload["content"]
    return {path: text for path, text in found.items() if path.startswith(folder)}
