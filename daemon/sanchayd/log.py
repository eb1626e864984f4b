"""JSON lines in the log file, from Python and the engine, with the same keys: ts, level, event, logger, request_id.

A detached daemon has no standard streams: nothing is ever written to them unless it runs in the foreground.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Protocol, cast

# Where rich is installed structlog imports it, to colour what a terminal shows: this log is lines of JSON.
_hides_rich = "rich" not in sys.modules
if _hides_rich:
    sys.modules["rich"] = None  # type: ignore[assignment]

import structlog  # noqa: E402

if _hides_rich:
    del sys.modules["rich"]

LEVELS = ("debug", "info", "warning", "error")
MIB_BYTES = 1 << 20


class LogFile(RotatingFileHandler):
    """The log file; one that was deleted or moved away under a daemon that runs is made again."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the line."""
        if self._is_gone():
            if self.stream is not None:
                self.stream.close()
            self.stream = None  # as the base class has it while there is no file
            with contextlib.suppress(OSError):  # else the next line tries again
                os.makedirs(os.path.dirname(self.baseFilename), mode=0o700, exist_ok=True)
        super().emit(record)

    def _is_gone(self) -> bool:
        try:
            there = os.stat(self.baseFilename)
        except OSError:
            return True
        if os.name != "posix" or self.stream is None:  # elsewhere a file that is open stays what it is
            return False
        return not os.path.samestat(there, os.fstat(self.stream.fileno()))


class Logger(Protocol):
    """What the daemon's parts call: an event, and what belongs to it."""

    def debug(self, event: str, **fields: object) -> object:
        """For those who look for a fault."""
        ...

    def info(self, event: str, **fields: object) -> object:
        """For those who want to know what happened."""
        ...

    def warning(self, event: str, **fields: object) -> object:
        """Something is not as it should be; the daemon goes on."""
        ...

    def error(self, event: str, **fields: object) -> object:
        """Something failed."""
        ...

    def exception(self, event: str, **fields: object) -> object:
        """Something failed, with the trace."""
        ...


def logger(name: str) -> Logger:
    """The logger of a part of the daemon."""
    return cast(Logger, structlog.get_logger(name))


def set_up(file: Path, level: str, *, file_mb: int, files: int, foreground: bool) -> None:
    """Sends every line to the rotating file, and in the foreground to stderr too."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
    )
    handlers: list[logging.Handler] = [LogFile(file, maxBytes=file_mb * MIB_BYTES, backupCount=files, encoding="utf-8")]
    if foreground:
        handlers.append(logging.StreamHandler(sys.stderr))
    root = logging.getLogger()
    for handler in [*root.handlers]:
        root.removeHandler(handler)
        handler.close()
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    logging.raiseExceptions = False  # a full disk under the log must not stop the daemon
    set_level(level)


def set_level(level: str) -> None:
    """How much is logged from now on. Other people's libraries say what is wrong, and no more."""
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("sanchayd").setLevel(level.upper())


def write_through(lines: Iterable[str]) -> None:
    """Writes lines that are JSON already, the engine's, into the same file."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, RotatingFileHandler):
            _write_lines(handler, lines)


def _write_lines(handler: RotatingFileHandler, lines: Iterable[str]) -> None:
    for line in lines:
        record = logging.LogRecord("engine", logging.INFO, "", 0, line, None, None)
        handler.acquire()  # so that no other thread's line meets the plain formatter
        formatter, handler.formatter = handler.formatter, _PLAIN
        try:
            handler.handle(record)
        finally:
            handler.formatter = formatter
            handler.release()


_PLAIN = logging.Formatter("%(message)s")


def close() -> None:
    """Writes out and closes the log."""
    logging.shutdown()
