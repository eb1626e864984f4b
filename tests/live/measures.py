"""What a daemon costs while it runs: memory, descriptors, threads, watches, its database's log, and its answers."""

from __future__ import annotations

import itertools
import os
import re
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from sanchay.client import Client
from tests.support.daemon import PATIENCE_S

STATUS_EVERY_S = 0.1
MINUTE_S = 60.0


@dataclass(frozen=True)
class Sample:
    """One look at a process; `at_s` is monotonic."""

    at_s: float
    rss_bytes: int
    descriptors: int  # without those of the catalog's files, whose readers come and go, and of the journal's
    readers: int
    threads: int
    watches: int
    wal_bytes: int


def sample(pid: int, catalog: Path) -> Sample:
    """A look at the daemon of that id and its catalog's files."""
    process = Path(f"/proc/{pid}")
    status = (process / "status").read_text("ascii", "replace")
    watches = descriptors = 0
    readers = 0
    for info in (process / "fdinfo").iterdir():
        try:
            watches += info.read_text("ascii", "replace").count("inotify wd:")
            target = os.readlink(process / "fd" / info.name)
        except OSError:
            continue  # it was closed by then
        of_catalog = target.startswith(str(catalog))
        of_journal = target.startswith(str(catalog.with_name("journal.db")))  # opened when it is first asked
        readers += of_catalog
        descriptors += not (of_catalog or of_journal)
    wal = catalog.with_name(f"{catalog.name}-wal")
    return Sample(
        at_s=time.monotonic(),
        rss_bytes=_number(status, "VmRSS") * 1024,
        descriptors=descriptors,
        readers=readers,
        threads=_number(status, "Threads"),
        watches=watches,
        wal_bytes=wal.stat().st_size if wal.exists() else 0,
    )


def _number(status: str, key: str) -> int:
    found = re.search(rf"^{key}:\s+(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else 0


def growth_bytes(samples: list[Sample], last_s: float) -> float | None:
    """By how much memory grew in the last `last_s` seconds: the median of the slopes between any two samples
    of that time (Theil and Sen).

    A burst shows for a while: two short stretches would differ by what happened to fall into each of them, and a line
    of least squares would lean towards it.
    None: the samples do not reach back so far, or the time is too short to tell a slope.
    """
    if not samples or last_s < 2 * MINUTE_S or samples[-1].at_s - samples[0].at_s < last_s:
        return None
    judged = [each for each in samples if each.at_s >= samples[-1].at_s - last_s]
    slopes = [
        (late.rss_bytes - early.rss_bytes) / (late.at_s - early.at_s)
        for early, late in itertools.combinations(judged, 2)
    ]
    return statistics.median(slopes) * last_s


class StatusClock:
    """Asks for the status ten times a second, and remembers how long each answer took."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stop = threading.Event()
        self._pause = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.seconds: list[float] = []
        self.failure: BaseException | None = None

    def __enter__(self) -> StatusClock:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)

    def pause(self) -> None:
        """Measures nothing for a while: the daemon is being stopped on purpose."""
        self._pause.set()

    def resume(self) -> None:
        """Goes on."""
        self._pause.clear()

    def p99_s(self) -> float:
        """The time that all but one in a hundred answers stayed below."""
        ordered = sorted(self.seconds)
        return ordered[int(len(ordered) * 0.99)] if ordered else 0.0

    def _run(self) -> None:
        while not self._stop.wait(STATUS_EVERY_S):
            if self._pause.is_set():
                continue
            began_s = time.monotonic()
            try:
                self._client.status()
            except Exception as error:
                self.failure = error
                return
            if not self._pause.is_set():
                self.seconds.append(time.monotonic() - began_s)
