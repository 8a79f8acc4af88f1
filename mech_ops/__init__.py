"""Observes and heals a running stack: the `mech` command."""

import sys

# httpx loads a command line of its own where it can, and with it a progress bar and all lexers: half of what it takes.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
