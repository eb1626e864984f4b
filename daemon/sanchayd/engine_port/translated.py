"""Errors of the engine as those of `sanchay.errors`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sanchay_engine
from sanchay.errors import BY_KIND


@contextmanager
def translated() -> Iterator[None]:
    """Inside the block an engine's error becomes that of `sanchay.errors` with the same kind."""
    try:
        yield
    except sanchay_engine.EngineError as error:
        raise BY_KIND[error.kind](error.message, path=error.path, term=error.term, position=error.position) from error
