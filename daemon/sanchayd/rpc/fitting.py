"""Answers that fit into a message, and that hold up no other call while they are made into one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

# What a page may take, by the engine's bound of each row: under the 4 MiB that a client takes.
PAGE_MAX_BYTES = 4_000_000
# So many rows are converted within a millisecond; a page of ten thousand takes a tenth of a second.
ROWS_AT_ONCE = 256

Answer = TypeVar("Answer")
Response = TypeVar("Response")


async def converted(convert: Callable[[Answer], Response], answer: Answer, rows: int) -> Response:
    """The message of an answer. One of many rows is made on a thread, so that the event loop goes on."""
    return convert(answer) if rows <= ROWS_AT_ONCE else await asyncio.to_thread(convert, answer)
