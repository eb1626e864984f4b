"""What Ctrl-C does: the program ends at once, after what the command at work has to tidy up and to say.

No KeyboardInterrupt is raised. Where one strikes an import, a destructor or gRPC's own code, Python drops it, prints a
traceback or waits for ever; a handler that ends the process cannot be lost.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn

EXIT_CODE = 130  # 128 and the number of SIGINT
# A closed terminal and a polite kill tidy up as well.
_OTHERS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))

_acts: list[Callable[[], int | None]] = []


def install() -> None:
    """Takes Ctrl-C over for this process. What is ignored, as behind `nohup`, stays so."""
    for number in (signal.SIGINT, *_OTHERS):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


@contextlib.contextmanager
def first(act: Callable[[], int | None]) -> Iterator[None]:
    """While the block runs, an end by Ctrl-C does `act` first; what it returns is the exit code, None leaves it.

    An act may strike between any two steps of the block: it must not wait for a lock that the block can hold.
    """
    _acts.append(act)
    try:
        yield
    finally:
        _acts.remove(act)


def say(text: str) -> None:
    """A line on standard error from within an act: the stream itself may be in the middle of a line."""
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    with contextlib.suppress(OSError):
        os.write(2, f"{text}\n".encode(encoding, "backslashreplace"))


def end_by_closed_pipe() -> NoReturn:
    """Ends as other programs do whose reader has enough: by the signal, where the system has it."""
    if sys.platform != "win32":
        _end_by(signal.SIGPIPE)
    os._exit(1)


def _end(number: int, _frame: object) -> None:
    for again in (signal.SIGINT, *_OTHERS):
        signal.signal(again, signal.SIG_DFL)  # who asks twice waits for nothing
    code = EXIT_CODE
    for act in reversed(_acts):
        with contextlib.suppress(Exception):
            said = act()
            code = code if said is None else said
    if number != signal.SIGINT:
        _end_by(number)
    os._exit(code)


def _end_by(number: int) -> None:
    """Ends by the signal itself, so that the parent sees which it was."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
