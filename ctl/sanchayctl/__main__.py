"""The program as a process. Ctrl-C is taken over before anything is imported: until then Python prints a traceback."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # built in, where `signal` has to import a dozen modules first
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

# Imports make objects by the thousand, and none of them is garbage: Python looks through them 200 times with 700 here.
GARBAGE_AFTER = 20_000


def program() -> NoReturn:
    """Runs the command line. It ends at once: to take grpc and the interpreter apart takes as long as an answer."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, lambda _number, _frame: os._exit(130))
    import gc

    from sanchay import spared
    from sanchayctl import interrupt

    interrupt.install()
    gc.set_threshold(GARBAGE_AFTER)
    spared.spare(spared.UNUSED)
    from sanchayctl.main import main

    try:
        code = main()
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except BrokenPipeError:
        interrupt.end_by_closed_pipe()
    except OSError:
        code = 1
    os._exit(code)


if __name__ == "__main__":
    program()
