"""The command that config.toml names for the end of a report: run without a shell, within a time, and never trusted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence

from sanchay import programs
from sanchay.sentences import NOTHING, Sentence

HOOK_LIMIT_S = 60.0


async def call(command: Sequence[str], variables: Mapping[str, str], limit_s: float = HOOK_LIMIT_S) -> Sentence:
    """Why it failed, for the run's message; empty when all went well."""
    program = programs.found(command[0], before=())  # a person's own command: PATH says which
    if program is None:
        return Sentence("hook-not-found", program=command[0])
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *command[1:],
            cwd=programs.neutral_folder(),
            env={**os.environ, **variables},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Sentence("hook-not-started", why=str(error))
    try:
        code = await asyncio.wait_for(process.wait(), limit_s)
    except asyncio.TimeoutError:
        return Sentence("hook-ended-late", after_s=f"{limit_s:g}")
    finally:
        if process.returncode is None:
            _end(process)
    return Sentence("hook-failed", code=code) if code else NOTHING


def _end(process: asyncio.subprocess.Process) -> None:
    """With everything that it started, where the system knows groups."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
