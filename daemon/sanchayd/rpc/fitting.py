"""Answers that fit into a message, and that hold up no other call while they are made into one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sized
from typing import Protocol, TypeVar

# Under the 4 MiB that a client takes.
MESSAGE_MAX_BYTES = 3_500_000
# So many rows are converted within a millisecond; a page of ten thousand takes a tenth of a second.
ROWS_AT_ONCE = 256


class Message(Protocol):
    """A message that knows its size on the wire."""

    def ByteSize(self) -> int:  # noqa: N802 - protobuf gives the name
        """Bytes on the wire."""
        ...


Answer = TypeVar("Answer")
Response = TypeVar("Response")
Fitting = TypeVar("Fitting", bound=Message)


async def converted(convert: Callable[[Answer], Response], answer: Answer, rows: int) -> Response:
    """The message of an answer. One of many rows is made on a thread, so that the event loop goes on."""
    return convert(answer) if rows <= ROWS_AT_ONCE else await asyncio.to_thread(convert, answer)


async def page(
    ask: Callable[[int], Awaitable[Answer]],
    rows_of: Callable[[Answer], Sized],
    convert: Callable[[Answer], Fitting],
    limit: int,
) -> Fitting:
    """A page as a message. One that does not fit is asked for again with half the rows; its token goes on there."""
    while True:
        answer = await ask(limit)
        rows = len(rows_of(answer))
        response = await converted(convert, answer, rows)
        if response.ByteSize() <= MESSAGE_MAX_BYTES or rows <= 1:
            return response
        limit = rows // 2
