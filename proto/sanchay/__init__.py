"""The public client package of Sanchay: it reaches a running `sanchayd`, and can start one.

`Client` and `AsyncClient` make the calls, `sanchay.errors` holds what they raise, `sanchay.address` says where a daemon
lives and `sanchay.launcher` starts one. Importing this package costs nothing; gRPC is imported with the first
stream or `AsyncClient`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sanchay.version import __version__

if TYPE_CHECKING:
    from sanchay.client import AsyncClient, Client
    from sanchay.errors import SanchayError

__all__ = ["AsyncClient", "Client", "SanchayError", "__version__"]

_HOMES = {"AsyncClient": "sanchay._async_client", "Client": "sanchay.client", "SanchayError": "sanchay.errors"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'sanchay' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
