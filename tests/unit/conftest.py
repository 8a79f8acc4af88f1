"""The whole SDK is imported first: plugins import only its protocol, under bare packages of the same name."""

import pulumi  # noqa: F401
