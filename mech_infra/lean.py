"""Packages of which only the modules that are used get loaded.

`import pulumi_cloudflare` loads 781 modules, for a second of every preview and `up`; six of them are used here. After
`lean("pulumi_cloudflare")`, `from pulumi_cloudflare.zone import Zone` loads what that module needs, and whoever asks the
package itself for a name (`import pulumi_cloudflare as cloudflare`) gets all of it, as without.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from typing import Any


class _Lean(types.ModuleType):
    """A package whose `__init__` runs when somebody asks for a name that is not a module in it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if importlib.util.find_spec(f"{self.__name__}.{name}"):
            return importlib.import_module(f"{self.__name__}.{name}")
        self.__class__ = types.ModuleType  # type: ignore[assignment]
        spec = self.__spec__
        assert spec and spec.loader
        spec.loader.exec_module(self)
        return getattr(self, name)


def lean(package: str) -> None:
    """Load this package's modules one by one from now on. Nothing happens when it is loaded already, or not installed."""
    spec = None if package in sys.modules else importlib.util.find_spec(package)
    if spec is not None:
        module = importlib.util.module_from_spec(spec)
        module.__class__ = _Lean
        sys.modules[package] = module
