"""Modules that other packages import at their top and a short command never uses are loaded when they are first used.

Our programs call this for themselves, as soon as they begin; a package for others must not. The standard library's
`LazyLoader` does not help: before Python 3.12 the next `import` of the module looks at its `__spec__` and so loads it.
"""

from __future__ import annotations

import sys
from _thread import RLock
from importlib.util import find_spec, module_from_spec
from types import ModuleType

# The addresses in URLs, the sendfile of sockets, tracebacks in logs: of a command.
UNUSED = ("ipaddress", "selectors", "traceback")
# Protobuf's messages in pure Python, with their text format: it has them in C, as a rule.
UNUSED_BY_PROTOBUF = ("google.protobuf.internal.python_message",)
# The lists of installed packages, in which pydantic looks for plug-ins where it is allowed to have any.
UNUSED_BY_PYDANTIC = ("importlib.metadata",)

_lock = RLock()


class Spared(ModuleType):
    """A module that runs once something in it is asked for."""

    _runs = False

    def __getattr__(self, name: str) -> object:
        with _lock:
            if type(self) is Spared:
                if self._runs or self.__spec__ is None or self.__spec__.loader is None:
                    raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
                self._runs = True
                self.__spec__.loader.exec_module(self)
                del self._runs
                self.__class__ = ModuleType  # type: ignore[assignment]
        return getattr(self, name)


def spare(names: tuple[str, ...]) -> None:
    """Has each be loaded when it is first used, unless it is loaded already."""
    for name in names:
        spec = find_spec(name) if name not in sys.modules else None
        if spec is not None and spec.loader is not None:
            module = module_from_spec(spec)
            module.__class__ = Spared
            sys.modules[name] = module
            parent, _, last = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], last, module)
