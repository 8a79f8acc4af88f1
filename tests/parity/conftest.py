"""The whole SDK first: the stand-ins' stubs would otherwise put a part of it in its place."""

import pulumi  # noqa: F401
