"""The daemon's log: its last lines, and those to come, across the rotation of its file."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

POLL_S = 0.5
# What stands before the rest of a line for a person.
_FIRST = ("ts", "level", "event")
_REST_HIDDEN = frozenset({*_FIRST, "logger"})


def last(file: Path, count: int) -> list[str]:
    """The last lines, oldest first, from the file and as many of those put aside before it as that takes.

    Raises OSError where the log may not be read; none where there is no log.
    """
    lines: list[str] = []
    for part in (file, *_put_aside(file)):
        if len(lines) >= count:
            break
        try:
            with part.open(encoding="utf-8", errors="replace", newline="\n") as stream:
                older = deque((line.rstrip("\n") for line in stream), maxlen=count - len(lines))
        except FileNotFoundError:
            continue
        lines = [*older, *lines]
    return lines


def _put_aside(file: Path) -> list[Path]:
    """The files that were put aside, the newest first: `.1`, `.2` and so on."""
    try:
        names = [each.name for each in file.parent.iterdir()]
    except FileNotFoundError:
        return []
    numbers = [name[len(file.name) + 1 :] for name in names if name.startswith(f"{file.name}.")]
    return [file.with_name(f"{file.name}.{number}") for number in sorted(int(n) for n in numbers if n.isdecimal())]


def following(file: Path, go_on: Callable[[], bool] = lambda: True) -> Iterator[str]:
    """Lines as they are written from now on, for as long as `go_on` says; what was put aside is read to its end."""
    reader = _Reader(file, file.stat().st_size if file.exists() else 0)
    while go_on():
        yield from reader.lines()
        if _identity(file) not in {reader.identity, None}:
            aside = _put_aside(file)
            known = next((at for at, part in enumerate(aside) if _identity(part) == reader.identity), None)
            if known is not None:
                reader.file = aside[known]
                yield from reader.lines()
                for part in reversed(aside[:known]):
                    yield from _Reader(part, 0).lines()
            reader = _Reader(file, 0)
        else:
            time.sleep(POLL_S)


class _Reader:
    """Whole lines of one file; what is unfinished waits for its end."""

    def __init__(self, file: Path, position: int) -> None:
        self.file = file
        self.identity = _identity(file)
        self._position = position
        self._part = b""

    def lines(self) -> Iterator[str]:
        """Those that were finished since the last call; none where another file stands there by now."""
        try:
            with self.file.open("rb") as stream:
                info = os.fstat(stream.fileno())
                if (info.st_dev, info.st_ino) != self.identity:
                    return
                stream.seek(self._position)
                data = stream.read()
        except FileNotFoundError:
            return
        self._position += len(data)
        *whole, self._part = (self._part + data).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        info = file.stat()
    except FileNotFoundError:
        return None
    return info.st_dev, info.st_ino


def for_person(line: str) -> str:
    """A line of JSON as a sentence: when, how grave, what, and the rest as key=value. Anything else as it is."""
    try:
        fields = json.loads(line)
        first = [str(fields[key]) for key in _FIRST]
    except (ValueError, KeyError, TypeError):
        return line
    rest = [f"{key}={_shown(value)}" for key, value in fields.items() if key not in _REST_HIDDEN]
    return "  ".join([f"{first[0][:19]}Z {first[1]:<7} {first[2]}", *([" ".join(rest)] if rest else [])])


def _shown(value: object) -> str:
    return value if isinstance(value, str) and value and " " not in value else json.dumps(value, ensure_ascii=False)
