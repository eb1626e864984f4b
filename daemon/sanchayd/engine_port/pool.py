"""Runs a catalog's blocking calls on a bounded number of threads, so that the event loop never waits for a disk.

Each call has a halt: an asker that is called off (its client went away, its deadline passed) calls off the call's
questions to the catalog, and their threads are free again. What changes the catalog goes on to its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar, cast

from sanchay.errors import InternalError, SanchayError
from sanchay_engine import Halt

Parameters = ParamSpec("Parameters")
Value = TypeVar("Value")


class CatalogPool:
    """Two kinds of threads: quick ones for what must answer at once, and the rest for questions of any length."""

    def __init__(self, question_threads: int = 8, quick_threads: int = 2) -> None:
        self._questions = ThreadPoolExecutor(question_threads, "question")
        self._quick = ThreadPoolExecutor(quick_threads, "quick")

    async def ask(
        self, call: Callable[Parameters, Value], *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Value:
        """The call's value; it may wait behind other questions."""
        return await _run(self._questions, functools.partial(call, *args, **kwargs), Halt())

    async def quick(
        self, call: Callable[Parameters, Value], *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Value:
        """The call's value, for calls that take milliseconds, such as a status: no question stands before them."""
        return await _run(self._quick, functools.partial(call, *args, **kwargs), Halt())

    async def obtain(self, call: Callable[[], Value], release: Callable[[Value], object]) -> Value:
        """As `ask`, for what must be let go: an asker that is called off before it comes leaves it to `release`."""
        halt = Halt()
        asked = asyncio.ensure_future(_run(self._questions, call, halt))
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            halt.call_off()
            asked.add_done_callback(lambda done: self._let_go(done, release))
            raise

    def _let_go(self, asked: asyncio.Future[Value], release: Callable[[Value], object]) -> None:
        if not asked.cancelled() and asked.exception() is None:
            with contextlib.suppress(RuntimeError):  # the pool has closed, and the catalog with it
                self._quick.submit(release, asked.result())

    def waiting(self) -> int:
        """Questions that no thread has taken yet."""
        return self._questions._work_queue.qsize()

    def close(self) -> None:
        """Takes no more calls; those under way are not waited for."""
        self._questions.shutdown(wait=False, cancel_futures=True)
        self._quick.shutdown(wait=False, cancel_futures=True)


async def _run(executor: ThreadPoolExecutor, call: Callable[[], Value], halt: Halt) -> Value:
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    with _called_off_with_its_asker(halt):
        return await loop.run_in_executor(executor, lambda: halt.run(lambda: context.run(call)))


@contextlib.contextmanager
def _called_off_with_its_asker(halt: Halt) -> Iterator[None]:
    try:
        yield
    except asyncio.CancelledError:
        halt.call_off()
        raise


async def in_own_thread(call: Callable[[], Value], name: str) -> Value:
    """The call's value, from a separate thread, which ends with the process: a dead share holds up nothing else."""
    loop = asyncio.get_running_loop()
    halt = Halt()
    future: asyncio.Future[Value] = loop.create_future()

    def settle(value: Value | None, error: Exception | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(cast("Value", value))

    def work() -> None:
        value: Value | None = None
        failure: SanchayError | None = None
        try:
            value = halt.run(call)
        except SanchayError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - the thread's end must be told, whatever it was
            failure = InternalError(f"{name} failed: {error}")
        with contextlib.suppress(RuntimeError):  # the loop has closed: no one waits any more
            loop.call_soon_threadsafe(settle, value, failure)

    threading.Thread(target=work, name=name, daemon=True).start()
    with _called_off_with_its_asker(halt):
        return await future
