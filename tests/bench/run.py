"""`make bench`: makes its trees, lets Sanchay, the floor and every peer on PATH run in turn, and prints ratios.

    make bench                                    moderate sizes: some minutes, 3 GB of disk
    make bench BENCH_OPTIONS="--full"             the sizes that the targets speak of: 60 GB of disk, an hour or more
    make bench BENCH_OPTIONS="--only first-scan --small-files 500000 --rounds 5"

Trees are kept in the cache folder for the next time; `--trees PATH` puts them elsewhere. Progress goes to stderr, the
tables to stdout.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.bench import clean_ups, large_trees, live_roots, queries, report, scans
from tests.bench.home import Home

REPOSITORY = Path(__file__).resolve().parents[2]
MEASURES = ("first-scan", "rescan", "large", "metadata", "full-catalog", "queries", "live", "events", "clean-ups")
#: In a generated catalog: text that few names hold, and one of its folders.
NEEDLE = "invoice-00012"
GENERATED_FOLDER = "/generated/folder-000001"


def main() -> int:
    """Runs the measures that are asked for; 1 where one of them could not run."""
    options = _options()
    options.trees.mkdir(parents=True, exist_ok=True)
    options.trees = options.trees.resolve()
    floor = _build_floor()
    print(f"## Measured: {report.machine()}\n", flush=True)
    failures = 0
    with tempfile.TemporaryDirectory(prefix="sanchay-bench-") as folder:
        arena = scans.Arena(floor, Path(folder), options.rounds)
        for name in options.only or MEASURES:
            try:
                for text in _measure(name, arena, options):
                    print(text, flush=True)
            except (OSError, RuntimeError, subprocess.SubprocessError) as error:
                failures += 1
                print(f"### {name}\n\nCould not be measured: {error}\n", flush=True)
    return 1 if failures else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sanchay" / "bench"
    parser.add_argument("--trees", type=Path, default=cache, help="where the trees are kept")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", choices=MEASURES, help="this measure alone; repeatable")
    parser.add_argument("--full", action="store_true", help="the sizes that the targets speak of")
    parser.add_argument("--small-files", type=int, help="files of the tree of small files")
    parser.add_argument("--large-gigabytes", type=float, help="size of the tree of large files")
    parser.add_argument("--metadata-files", type=int, help="files of the tree that no one reads")
    parser.add_argument("--catalog-entries", type=int, help="entries of the generated catalog")
    parser.add_argument("--live-files", type=int, help="files of the folder that is watched, twenty in each folder")
    parser.add_argument("--pairs", type=int, help="files with a copy that are cleared and taken back")
    parser.add_argument("--bursts", type=int, help="rounds of bursts into the folder that is watched")
    options = parser.parse_args()
    sizes = (
        (500_000, 7.0, 10_000_000, 10_000_000, 1_000_000, 20, 100_000)
        if options.full
        else (100_000, 1.4, 500_000, 1_000_000, 100_000, 3, 20_000)
    )
    names = ("small_files", "large_gigabytes", "metadata_files", "catalog_entries", "live_files", "bursts", "pairs")
    for name, size in zip(names, sizes, strict=True):
        if getattr(options, name) is None:
            setattr(options, name, size)
    return options


def _measure(name: str, arena: scans.Arena, options: argparse.Namespace) -> Iterator[str]:
    small, large = options.small_files, options.large_gigabytes
    if name == "first-scan":
        yield scans.first_scan(arena, _small(options, small))
    elif name == "rescan":
        yield scans.rescan(arena, _small(options, small))
    elif name == "large":
        tree = _tree(options.trees / f"large-{large:g}", lambda top: large_trees.make_large_tree(top, int(large * 1e9)))
        yield scans.large_files(arena, tree)
    elif name == "metadata":
        files = options.metadata_files
        tree = _tree(options.trees / f"metadata-{files}", lambda top: large_trees.make_metadata_tree(top, files))
        yield scans.metadata(arena, tree)
    elif name == "full-catalog":
        tree = _small(options, small)
        yield scans.full_catalog(arena, tree, lambda: generated_home(arena.scratch, options.catalog_entries))
    elif name == "live":
        yield from _live(arena, options)
    elif name == "clean-ups":
        yield from clean_ups.clean_ups(arena, options.trees, options.pairs)
    elif name == "events":
        yield live_roots.event_costs(list(_event_costs(arena, options)))
    else:
        with _generated(arena.scratch, options.catalog_entries) as home:
            yield queries.answers(home, NEEDLE, GENERATED_FOLDER)
            yield queries.whole_processes(home, NEEDLE, arena.scratch)
            yield queries.exports(home, arena.scratch)
            yield queries.while_scanning(home, _small(options, small))


def _live(arena: scans.Arena, options: argparse.Namespace) -> Iterator[str]:
    """A watched folder that nothing else uses, for the measures write into it."""
    files, folders = options.live_files, options.live_files // 20
    tree = _tree(options.trees / f"live-{files}", lambda top: live_roots.make_folders_tree(top, files, folders))
    home = Home(arena.scratch)
    try:
        folder = live_roots.LiveFolder(home, tree)
        yield live_roots.idle(folder)
        yield live_roots.restart(folder, arena)
        yield live_roots.answers_to_changes(folder)
        yield live_roots.bursts(folder, options.trees, options.bursts)
    finally:
        home.remove()


def _event_costs(arena: scans.Arena, options: argparse.Namespace) -> Iterator[list[str]]:
    """A thousandth, a tenth and the whole of the generated catalog, and a small folder that is watched."""
    for share in (1000, 10, 1):
        with _generated(arena.scratch, options.catalog_entries // share) as home:
            yield live_roots.event_cost(home, arena.scratch)


def _small(options: argparse.Namespace, files: int) -> Path:
    return _tree(options.trees / f"small-{files}", lambda top: large_trees.make_small_tree(top, files))


def _tree(top: Path, make: Callable[[Path], large_trees.TreeTotals]) -> Path:
    """The tree at `top`, made where it is not whole: a mark beside it says that it is."""
    mark = top.with_name(top.name + ".json")
    if not mark.exists():
        print(f"making {top}", file=sys.stderr, flush=True)
        shutil.rmtree(top, ignore_errors=True)
        mark.write_text(json.dumps(asdict(make(top))), "utf-8")
    return top.resolve()


def _build_floor() -> Path:
    """Builds the floor in release mode; gives its program."""
    manifest = REPOSITORY / "tests" / "bench" / "floor" / "Cargo.toml"
    target = Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target") / "floor"
    subprocess.run(
        ["cargo", "build", "--quiet", "--release", "--locked", "--manifest-path", manifest, "--target-dir", target],
        check=True,
    )
    return target / "release" / "floor"


def generated_home(scratch: Path, entries: int) -> Home:
    """A home whose catalog holds `entries` made-up files, a tenth of them with a copy. Its daemon is not running."""
    home = Home(scratch)
    home.start()
    database = Path(home.ctl("status")["catalog"]["path"])
    home.stop()
    for path in database.parent.glob(database.name + "*"):
        path.unlink()
    print(f"generating a catalog of {entries:,} entries", file=sys.stderr, flush=True)
    example = ["--package", "sanchay-engine", "--example", "generate_catalog"]
    subprocess.run(
        ["cargo", "run", "--quiet", "--release", "--locked", *example, "--", database, str(entries)],
        cwd=REPOSITORY / "engine",
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return home


@contextmanager
def _generated(scratch: Path, entries: int) -> Iterator[Home]:
    home = generated_home(scratch, entries)
    try:
        home.start()
        home.wait_name_index()
        yield home
    finally:
        home.remove()


if __name__ == "__main__":
    sys.exit(main())
