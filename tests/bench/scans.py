"""Measures of scans: each function gives a table of Sanchay beside the floor and the peers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench import peers, report
from tests.bench.home import CTL, Home
from tests.bench.processes import Contestant, run_program, run_rounds

#: A part of ten names in a tree of metadata.
NAME_PART = "0012345"


class Arena:
    """What every measure needs: the floor program, a folder for scratch files, and how many rounds to run."""

    def __init__(self, floor: Path, scratch: Path, rounds: int) -> None:
        self.floor = floor
        self.scratch = scratch
        self.rounds = rounds
        self.log = scratch / "last-program.log"

    def floor_contestant(self, mode: str, tree: Path, threads: int | None = None) -> Contestant:
        """The floor in one of its modes, with all cores or with `threads`."""
        command = [str(self.floor), mode, str(tree), str(self.scratch / "floor.db")]
        name = f"{report.FLOOR} {mode}" + (f", {threads} thread" if threads else "")
        return Contestant(name, command + ([str(threads)] if threads else []))

    def warm(self, tree: Path, mode: str) -> Callable[[], None]:
        """Something that brings a tree into the page cache: its metadata ("stat") or all of it ("read")."""
        return lambda: _expect_done(run_program([str(self.floor), mode, str(tree)], {}, self.log).exit_code)

    def run(self, contestants: list[Contestant], tree: Path, *, contents: bool) -> None:
        """Lets the contestants run in turn."""
        run_rounds(contestants, self.rounds, self.warm(tree, "read" if contents else "stat"), self.log)


def first_scan(arena: Arena, tree: Path) -> str:
    """Every file of a tree of small files, hashed, into an empty catalog."""
    home = Home(arena.scratch)
    ours = _scan_of(home, tree, f"{report.SANCHAY} scan", before=home.reset)
    contestants = [arena.floor_contestant("catalog", tree), ours, *peers.duplicate_finders(tree, arena.scratch)]
    try:
        arena.run(contestants, tree, contents=True)
        catalog = home.ctl("status")["catalog"]
        home.wait_name_index()
        later = home.ctl("status")["catalog"]
    finally:
        home.remove()
    sizes = _sizes(catalog["files"], catalog["db_bytes"], later["db_bytes"], later["name_index_bytes"])
    target = "at most 1.5 x floor, and faster than each peer"
    return report.contest("First scan of small files, BLAKE3 of every file", contestants, target) + sizes


def rescan(arena: Arena, tree: Path) -> str:
    """The same tree again with nothing changed."""
    home = Home(arena.scratch)
    contestants = [arena.floor_contestant("stat", tree), _scan_of(home, tree, f"{report.SANCHAY} scan, again")]
    fclones = peers.fclones_with_cache(tree, arena.scratch)
    try:
        home.start()
        home.ctl("scan", str(tree))
        home.wait_name_index()
        if fclones is not None:
            run_program(fclones.command, fclones.environment, arena.log)
            contestants.append(fclones)
        arena.run(contestants, tree, contents=True)
    finally:
        home.remove()
    return report.contest("Rescan, nothing changed", contestants, "at most 2 x floor + 0.3 s; 8 x faster than fclones")


def large_files(arena: Arena, tree: Path) -> str:
    """Large files, hashed; with all cores, and with one thread."""
    homes = [Home(arena.scratch), Home(arena.scratch, {"SANCHAY_ENGINE_THREADS": "1"})]
    contestants = [
        arena.floor_contestant("hash", tree),
        _scan_of(homes[0], tree, f"{report.SANCHAY} scan", before=homes[0].reset),
        _scan_of(homes[1], tree, f"{report.SANCHAY} scan, 1 thread", before=homes[1].reset),
        arena.floor_contestant("hash", tree, threads=1),
    ]
    try:
        arena.run(contestants, tree, contents=True)
    finally:
        for home in homes:
            home.remove()
    target = "at most 1.2 x floor; two threads at least 1.8 x as fast as one"
    return report.contest("Large files, BLAKE3", contestants, target)


def metadata(arena: Arena, tree: Path) -> str:
    """Names, sizes and times of many files, read by no one; and how long the name index takes after it."""
    home = Home(arena.scratch)

    def fresh() -> None:
        home.reset()
        home.ctl("root", "add", str(tree), "--hash", "none", "--no-scan")

    ours = _scan_of(home, tree, f"{report.SANCHAY} scan, --hash none", before=fresh)
    contestants = [arena.floor_contestant("meta", tree), ours, *peers.usage_programs(tree)]
    try:
        arena.run(contestants, tree, contents=False)
        waited = home.wait_name_index()
        names = _names(arena, home, tree)
    finally:
        home.remove()
    target = "at most 1.5 x floor; at most 400 MB; the name index within as long again"
    table = report.contest("Metadata of many files", contestants, target)
    said = f"The name index was ready at the latest {waited:.1f} s after the last scan that was measured."
    return f"{table}\n{said}\n\n{names}"


def _names(arena: Arena, home: Home, tree: Path) -> str:
    """A part of a name that ten files have, found by whole processes."""
    ours = Contestant(f"{report.SANCHAY} find", [*CTL, "find", NAME_PART], home.environment)
    contestants = [ours]
    beside = peers.plocate(tree, arena.scratch, NAME_PART)
    if beside is not None:
        contestant, make_database = beside
        make_database()
        contestants.append(contestant)
    run_rounds(contestants, max(arena.rounds, 5), lambda: None, arena.log)
    return report.contest("A part of a name, whole processes", contestants, "sanchayctl find at most 300 ms")


def full_catalog(arena: Arena, tree: Path, make_home: Callable[[], Home]) -> str:
    """A first scan into a catalog that already holds many files. `make_home` gives a home with such a catalog."""
    home = make_home()

    def without_tree() -> None:
        home.start()
        for root in home.ctl("root", "list")["roots"]:
            if root["path"] == str(tree):
                home.ctl("root", "remove", str(tree))

    ours = _scan_of(home, tree, f"{report.SANCHAY} scan", before=without_tree)
    contestants = [arena.floor_contestant("catalog", tree), ours]
    try:
        arena.run(contestants, tree, contents=True)
    finally:
        home.remove()
    return report.contest("The same into a full catalog", contestants, "at most 2.5 x floor")


def _scan_of(home: Home, tree: Path, name: str, before: Callable[[], None] = lambda: None) -> Contestant:
    return Contestant(
        name,
        [*CTL, "--json", "scan", str(tree)],
        home.environment,
        before=before,
        peak_bytes=home.peak_bytes,
        allowed_exits=frozenset({0, 3}),
    )


def _sizes(files: int, scanned_bytes: int, indexed_bytes: int, name_index_bytes: int) -> str:
    if not files:
        return ""
    rest = indexed_bytes - name_index_bytes
    return (
        f"\nCatalog: {rest / files:.0f} bytes a file, and {name_index_bytes / files:.0f} for the name index "
        f"({scanned_bytes / 1e6:.0f} MB right after the scan, {indexed_bytes / 1e6:.0f} MB with the name index).\n"
    )


def _expect_done(exit_code: int) -> None:
    if exit_code:
        print(f"warming the page cache ended with {exit_code}", file=sys.stderr)
