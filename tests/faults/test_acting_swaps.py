"""Runs and undos while others swap, rename, replace and write what is acted on: nothing of anyone's is lost."""

from __future__ import annotations

import mmap
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support import trees
from tests.support.answers import finished, scan
from tests.support.clearing import ACTIONS, assert_no_orphans, listing
from tests.support.daemon import DaemonProcess
from tests.support.exchange import exchange

SWAPS_S = float(os.environ.get("SANCHAY_TEST_SWAPS_S", "4"))
SEED = int(os.environ.get("SANCHAY_TEST_SEED", str(random.randrange(1 << 30))))
FOLDERS, FILES = 6, 20


class Others:
    """Someone who works in the tree. What is written to a file is a line that no other file has."""

    def __init__(self, base: Path) -> None:
        self.tree, self.outside, self.parking = (base / name for name in ("tree", "outside", "parking"))
        self.chance = random.Random(SEED)
        self.lines: list[bytes] = []
        self._ended = threading.Event()
        steady = {f"{n}/{file}": f"steady {n} {file}" for n in range(FOLDERS) for file in range(FILES)}
        written = {f"written/{file}": f"written {file}\n" for file in range(FILES)}
        mapped = {f"mapped/{file}": f"mapped {file}\n" for file in range(FILES)}
        for half in "ab":
            trees.build(self.tree / half, steady | written | mapped)
        trees.build(self.outside, steady)
        self.parking.mkdir()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While they work."""
        thread = threading.Thread(target=self._work)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _work(self) -> None:
        deeds = (self.swap_folder, self.swap_file, self.rename, self.replace, self.append, self.cut, self.write_mapped)
        while not self._ended.is_set():
            with suppress(OSError, ValueError):
                self.chance.choice(deeds)()

    def _file(self, kind: str | None = None) -> Path:
        kind = kind or str(self.chance.randrange(FOLDERS))
        return self.tree / self.chance.choice("ab") / kind / str(self.chance.randrange(FILES))

    def _for_a_moment(self, path: Path, target: Path) -> None:
        link = self.parking / "link"
        link.symlink_to(target)
        try:
            exchange(path, link)
            for _ in range(100):
                with suppress(OSError):
                    exchange(path, link)
                    break
        finally:
            if link.is_symlink():
                link.unlink()
            else:  # what was there cannot come back: it is kept
                link.rename(self.parking / f"kept {self.chance.random()}")

    def swap_folder(self) -> None:
        number = str(self.chance.randrange(FOLDERS))
        self._for_a_moment(self.tree / self.chance.choice("ab") / number, self.outside / number)

    def swap_file(self) -> None:
        path = self._file()
        self._for_a_moment(path, self.outside / path.parent.name / path.name)

    def rename(self) -> None:
        path = self._file()
        path.rename(path.with_name("moved"))
        path.with_name("moved").rename(path)

    def replace(self) -> None:
        path = self._file()
        content = path.read_bytes()
        path.with_name("new").write_bytes(content)
        path.with_name("new").rename(path)

    def append(self) -> None:
        line = b"line %d\n" % len(self.lines)
        with open(self._file("written"), "r+b", buffering=0) as file:
            file.seek(0, os.SEEK_END)
            file.write(line)
            self.lines.append(line)

    def cut(self) -> None:
        os.truncate(self._file("mapped"), 5)

    def write_mapped(self) -> None:
        with open(self._file("mapped"), "r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
            mapped[0] = self.chance.randrange(256)


@pytest.mark.timeout(120 + 10 * SWAPS_S)
def test_whatever_others_do_nothing_is_lost_and_nothing_outside_is_touched(tmp_path: Path) -> None:
    others, trash = Others(tmp_path), tmp_path / "data" / "Trash"
    outside = listing(os.fsencode(others.outside))
    steady = {now.content for now in outside.values()}
    acted = 0
    with (
        DaemonProcess(tmp_path / "home", env={"XDG_DATA_HOME": str(tmp_path / "data")}) as daemon,
        daemon.client() as client,
    ):
        ends_s = time.monotonic() + SWAPS_S
        with others.at_work():
            while time.monotonic() < ends_s:
                for action in ACTIONS:
                    scan(client, others.tree)
                    plan = client.make_plan(under=others.tree, action=action).plan
                    ran = finished(client, client.start_run(plan.id, plan.version).job_id)
                    acted += ran.dedupe.acted
                    finished(client, client.start_undo(ran.dedupe.run).job_id)
    assert acted, "nothing was done"
    found = {}
    for top in (others.tree, others.parking, trash / "files"):
        found.update(listing(os.fsencode(top)))
    assert not steady - {now.content for now in found.values()}, f"SANCHAY_TEST_SEED={SEED}: contents are lost"
    written = b"".join(Path(os.fsdecode(path)).read_bytes() for path in found if os.path.isfile(path))
    lost = [line for line in others.lines if line not in written]
    assert not lost, f"SANCHAY_TEST_SEED={SEED}: of {len(others.lines)} lines these are lost: {lost}"
    assert listing(os.fsencode(others.outside)) == outside
    assert not [path for path in found if b"/.sanchay-" in path], f"SANCHAY_TEST_SEED={SEED}: names of ours are left"
    assert_no_orphans(os.fsencode(trash))
