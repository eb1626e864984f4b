"""Clean-ups: small files of which each has one copy, made into hard links or moved to the trash, and taken back."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import report
from tests.bench.home import CTL, Home
from tests.bench.processes import Contestant, run_program, run_rounds
from tests.bench.scans import Arena

FILES_PER_FOLDER = 500
FILE_BYTES = 1024
#: The numbers of the only plan and the only run of a fresh home.
PLAN = RUN = "1"


def make_pairs(tree: Path, pairs: int) -> None:
    """Makes `kept/FOLDER/NAME` and `copies/FOLDER/NAME` with equal bytes, `pairs` times, and puts it on the disk."""
    shutil.rmtree(tree, ignore_errors=True)
    for number in range(pairs):
        below = Path(str(number // FILES_PER_FOLDER), str(number))
        if number % FILES_PER_FOLDER == 0:
            for side in ("kept", "copies"):
                (tree / side / below).parent.mkdir(parents=True)
        content = b"%08d" % number * (FILE_BYTES // 8)
        for side in ("kept", "copies"):
            (tree / side / below).write_bytes(content)
    os.sync()


def clean_ups(arena: Arena, folder: Path, pairs: int) -> Iterator[str]:
    """What each action takes beside its bare steps, and what taking it back does."""
    tree = folder / "pairs"
    # The home trash is used only for files of the file system that it is on.
    home = Home(arena.scratch, {"XDG_DATA_HOME": str(folder / "pairs-data")})
    bench = _CleanUps(arena, home, tree, pairs, folder)
    try:
        yield bench.plan_and_run("hardlink", "at most 1.6 x floor, and no longer than jdupes -L")
        yield bench.undo("hardlink", "at most 1.5 x cp -a")
        yield bench.plan_and_run("trash", "at most 2 x floor")
        yield bench.undo("trash", "at most 2 x floor")
    finally:
        home.remove()
        for left in ("pairs", "pairs-data", "pairs-trash", "pairs-copy"):
            shutil.rmtree(folder / left, ignore_errors=True)


class _CleanUps:
    def __init__(self, arena: Arena, home: Home, tree: Path, pairs: int, folder: Path) -> None:
        self.arena = arena
        self.home = home
        self.tree = tree
        self.pairs = pairs
        self.folder = folder

    def plan_and_run(self, action: str, target: str) -> str:
        """A plan over all pairs and its run, of a tree that was scanned."""
        commands = [["dedupe", "plan", "--action", action], ["dedupe", "run", PLAN, "--yes"]]
        contestants = [self._floor("link" if action == "hardlink" else "trash", self._fresh)]
        jdupes = shutil.which("jdupes")
        if action == "hardlink" and jdupes is not None:
            arguments = [jdupes, "--recurse", "--quiet", "--link-hard", str(self.tree)]
            contestants.append(Contestant("jdupes --link-hard", arguments, before=self._fresh))
        contestants.append(self._ours(f"{report.SANCHAY} plan and run", commands, self._scanned))
        return self._contest(f"Clean-up, {action}", contestants, target)

    def undo(self, action: str, target: str) -> str:
        """Taking such a run back."""

        def acted() -> None:
            self._scanned()
            self.home.ctl("dedupe", "plan", "--action", action)
            self.home.ctl("dedupe", "run", PLAN, "--yes")

        if action == "hardlink":
            copy = ["cp", "-a", str(self.tree / "copies"), str(self.folder / "pairs-copy")]
            floor = Contestant(
                f"{report.FLOOR}: cp -a", _shell([copy, ["sync", "-f", str(self.folder)]]), before=self._fresh
            )
        else:
            floor = self._floor("back", self._trashed)
        ours = self._ours(f"{report.SANCHAY} undo", [["dedupe", "undo", RUN]], acted)
        return self._contest(f"Undo, {action}", [floor, ours], target)

    def _contest(self, title: str, contestants: list[Contestant], target: str) -> str:
        run_rounds(contestants, self.arena.rounds, lambda: None, self.arena.log)
        return report.contest(f"{title}, {self.pairs:,} small files", contestants, target)

    def _floor(self, mode: str, before: Callable[[], None]) -> Contestant:
        command = [str(self.arena.floor), mode, str(self.tree), str(self.folder / "pairs-trash")]
        return Contestant(f"{report.FLOOR} {mode}", command, before=before)

    def _ours(self, name: str, commands: list[list[str]], before: Callable[[], None]) -> Contestant:
        lines = _shell([[*CTL, "--json", *command] for command in commands])
        return Contestant(name, lines, self.home.environment, before=before, peak_bytes=self.home.peak_bytes)

    def _fresh(self) -> None:
        for left in ("pairs-data", "pairs-trash", "pairs-copy"):
            shutil.rmtree(self.folder / left, ignore_errors=True)
        make_pairs(self.tree, self.pairs)

    def _trashed(self) -> None:
        self._fresh()
        run_program(self._floor("trash", self._fresh).command, {}, self.arena.log)

    def _scanned(self) -> None:
        self.home.stop()
        self._fresh()
        self.home.reset()
        self.home.ctl("scan", str(self.tree))
        self.home.wait_name_index()


def _shell(commands: list[list[str]]) -> list[str]:
    return ["sh", "-c", " && ".join(shlex.join(command) for command in commands)]
