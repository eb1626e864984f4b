"""Measures of a daemon that is left on: how soon a change is found, how bursts end, a restart, the cost of idling."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from sanchay import Client
from sanchay.address import places
from sanchay.v1 import common_pb2
from tests.bench import large_trees, report
from tests.bench.home import Home
from tests.bench.processes import run_program
from tests.bench.scans import Arena

#: Files that are changed one by one, to see what an event costs.
CHANGED_FILES = 5_000
#: Single files written, one after the other.
SINGLE_FILES = 200
BURST_FILES = 20_000
MOVED_FILES = 100_000
OVERFLOW_FILES = 40_000
IDLE_S = 60.0
_POLL_S = 0.002
_PATIENCE_S = 120.0


class LiveFolder:
    """A folder that a daemon watches, its first scan done; `top` may be written to by the measures."""

    def __init__(self, home: Home, top: Path) -> None:
        self.home = home
        self.top = top
        home.ctl("scan", str(top))
        home.wait_name_index()
        self.wait_live()

    @property
    def client(self) -> Client:
        """A new client of the daemon that runs now."""
        return Client(places(self.home.path))

    def wait_live(self) -> float:
        """Waits until the folder is live; gives the seconds waited."""
        with self.client as client:
            return _until(lambda: self._is_live(client), 0.01)

    def _is_live(self, client: Client) -> bool:
        states = {root.path.raw: root.freshness.state for root in client.list_roots().roots}
        return states[os.fsencode(self.top)] == common_pb2.Freshness.LIVE


def answers_to_changes(folder: LiveFolder) -> str:
    """How long after a write a file is found, with what was written before it found already."""
    milliseconds = []
    inbox = folder.top / "inbox"
    inbox.mkdir()
    with folder.client as client:
        for number in range(SINGLE_FILES):
            name = f"arrival-{number:05}-{os.getpid()}"
            (inbox / name).write_bytes(b"arrived %d" % number)
            began = time.perf_counter()
            while client.find(f"name:{name}", limit=1).total != 1:
                time.sleep(_POLL_S)
            milliseconds.append((time.perf_counter() - began) * 1000)
            time.sleep(0.02)
    shutil.rmtree(inbox)
    return report.percentiles("From a write to its being found", {"one file": milliseconds}, "p99 at most 300 ms")


def bursts(folder: LiveFolder, scratch: Path, rounds: int) -> str:
    """How long after the last write of a burst everything is found and hashed."""
    samples: dict[str, list[float]] = {"20,000 files written": [], "100,000 files moved in": [], "an overflow": []}
    outside = scratch / "outside"
    for number in range(rounds):
        burst = folder.top / f"burst-{number}"
        _write_files(burst, BURST_FILES)
        samples["20,000 files written"].append(_until_equal(folder, burst, BURST_FILES))
        _write_files(outside, MOVED_FILES)
        moved = folder.top / f"moved-{number}"
        outside.rename(moved)
        samples["100,000 files moved in"].append(_until_equal(folder, moved, MOVED_FILES))
        lost = folder.top / f"lost-{number}"
        pid = folder.home.ctl("status")["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            _write_files(lost, OVERFLOW_FILES)
        finally:
            os.kill(pid, signal.SIGCONT)
        samples["an overflow"].append(_until_equal(folder, lost, OVERFLOW_FILES))
        for folder_made in (burst, moved, lost):
            shutil.rmtree(folder_made)
        folder.home.ctl("root", "sync", str(folder.top))
    title = "Milliseconds from the last write of a burst until all of it is found and hashed"
    return report.percentiles(title, samples, "at most 5,000 ms beyond hashing")


def restart(folder: LiveFolder, arena: Arena) -> str:
    """From the start of the program to the first answer, and to live again, beside a bare `statx` of the tree."""
    answering, live, floor = [], [], []
    for _ in range(arena.rounds):
        folder.home.stop()
        arena.warm(folder.top, "stat")()
        stat = run_program([str(arena.floor), "stat", str(folder.top)], {}, arena.log)
        floor.append(stat.seconds)
        began = time.perf_counter()
        folder.home.start()
        answering.append(time.perf_counter() - began)
        folder.wait_live()
        live.append(time.perf_counter() - began)
    rows = [
        [name, f"{sorted(values)[len(values) // 2]:.2f}"]
        for name, values in (("floor stat", floor), ("answering", answering), ("live again", live))
    ]
    header = ["what", "median s"]
    target = "answering in at most 0.7 s (sanchayctl's own start is in it); live in at most 2 x floor + 1 s"
    return f"### Restart\n\nTo reach: {target}\n\n{report.table(header, rows)}\n"


def event_cost(home: Home, scratch: Path) -> list[str]:
    """What a changed file costs the daemon beside what its catalog holds already: a row of a table."""
    top = scratch / "events"
    _write_files(top, CHANGED_FILES)
    folder = LiveFolder(home, top)
    files = sorted(path for path in top.rglob("*") if path.is_file())
    status = home.ctl("status")
    process = psutil.Process(status["pid"])
    before = process.cpu_times()
    for path in files:
        with path.open("ab") as file:
            file.write(b"more")
        time.sleep(0.002)  # each an event of its own
    home.ctl("root", "sync", str(top))
    after = process.cpu_times()
    used_us = (after.user + after.system - before.user - before.system) / len(files) * 1e6
    with folder.client as client:
        changed = client.find(f'under:"{top}" size:>0', limit=1)
        assert changed.total == len(files), changed.total
    shutil.rmtree(top)
    return [f"{status['catalog']['files']:,}", f"{used_us:,.0f}"]


def event_costs(rows: list[list[str]]) -> str:
    """The table of `event_cost` for catalogs of several sizes."""
    table = report.table(["files in the catalog", "microseconds of CPU"], rows)
    return f"### What a changed file costs, until it is hashed\n\nTo reach: the same whatever the size\n\n{table}\n"


def idle(folder: LiveFolder) -> str:
    """Processor time and memory of a daemon that has nothing to do."""
    status = folder.home.ctl("status")
    process = psutil.Process(status["pid"])
    time.sleep(10)
    before, began = process.cpu_times(), time.perf_counter()
    time.sleep(IDLE_S)
    after, elapsed = process.cpu_times(), time.perf_counter() - began
    used = after.user + after.system - before.user - before.system
    catalog = status["catalog"]
    rows = [
        [
            f"{catalog['files']:,}",
            f"{catalog['directories']:,}",
            f"{100 * used / elapsed:.3f}",
            f"{process.memory_info().rss / 1e6:.0f}",
        ]
    ]
    header = ["files", "folders", "CPU %", "RSS MB"]
    return f"### Idle for {IDLE_S:.0f} s\n\nTo reach: at most 0.1 % and 200 MB\n\n{report.table(header, rows)}\n"


def make_folders_tree(top: Path, files: int, folders: int) -> large_trees.TreeTotals:
    """`files` files without contents in `folders` folders: what a watcher has to hold."""
    side = max(1, round(folders ** (1 / 2)))
    made = 0
    for first in range(side):
        for second in range(max(1, folders // side)):
            folder = top / f"year-{first:03}" / f"album-{second:03}"
            folder.mkdir(parents=True, exist_ok=True)
            here = files * (made + 1) // folders - files * made // folders
            made += 1
            for number in range(here):
                os.close(os.open(folder / f"photo-{made:06}-{number:04}.jpg", os.O_WRONLY | os.O_CREAT, 0o644))
    return large_trees.TreeTotals(files, made + side, 0, 0)


def _write_files(top: Path, files: int) -> None:
    for first in range(0, files, 1000):
        folder = top / f"{first // 1000:03}"
        folder.mkdir(parents=True)
        for number in range(first, min(first + 1000, files)):
            (folder / f"file-{number:06}.txt").write_bytes(b"%s %d" % (os.fsencode(top), number))


def _until_equal(folder: LiveFolder, below: Path, files: int) -> float:
    """Milliseconds until `files` files below the folder are found, by themselves, and then `root sync` has ended."""
    began = time.perf_counter()
    with folder.client as client:
        _until(lambda: client.find(f'under:"{below}"', limit=1).total == files, 0.02)
    folder.home.ctl("root", "sync", str(folder.top))
    return (time.perf_counter() - began) * 1000


def _until(reached: Callable[[], bool], poll_s: float) -> float:
    began = time.perf_counter()
    while not reached():
        if time.perf_counter() - began > _PATIENCE_S:
            raise TimeoutError(f"not reached after {_PATIENCE_S:.0f} s")
        time.sleep(poll_s)
    return time.perf_counter() - began
