"""Finds the kinds defined in a package, so that adding one takes only a new file."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

__all__ = ["kinds_in"]


def kinds_in(package: ModuleType, name: str = "KINDS") -> list[Any]:
    """Collect the ``KINDS`` (or another name) of all modules of a package."""
    homes = (module.name for module in iter_modules(package.__path__) if not module.ispkg)
    modules = (import_module(f"{package.__name__}.{home}") for home in homes)
    return [kind for module in modules for kind in getattr(module, name, ())]
