"""The programs that Sanchay is measured beside, each told to do what it does with every file, and to keep no cache."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.bench.processes import Contestant


def duplicate_finders(tree: Path, scratch: Path) -> list[Contestant]:
    """Every known finder of duplicates on PATH, set to look at files of one byte and more."""
    nothing = os.devnull
    commands: dict[str, list[str]] = {
        "czkawka_cli": ["dup", "--directories", str(tree), "--minimal-file-size", "1", "--disable-cache"],
        "fclones": ["group", "--min", "1", "--output", nothing, str(tree)],
        "jdupes": ["--recurse", "--quiet", str(tree)],
        "rdfind": ["-dryrun", "true", "-makeresultsfile", "false", str(tree)],
        "rmlint": ["--types=duplicates", "--hidden", "--output", "summary:stdout", str(tree)],
    }
    contestants = []
    for name, arguments in commands.items():
        program = shutil.which(name)
        if program is None:
            continue
        # czkawka ends with 11 where it found duplicates.
        exits = frozenset({0, 11}) if name == "czkawka_cli" else frozenset({0})
        contestants.append(Contestant(name, [program, *arguments], _own_caches(scratch / name), allowed_exits=exits))
    return contestants


def fclones_with_cache(tree: Path, scratch: Path) -> Contestant | None:
    """fclones with the cache of an earlier run, as its users run it again; None where it is not on PATH."""
    program = shutil.which("fclones")
    if program is None:
        return None
    command = [program, "group", "--cache", "--min", "1", "--output", os.devnull, str(tree)]
    return Contestant("fclones group --cache, again", command, _own_caches(scratch / "fclones-cache"))


def usage_programs(tree: Path) -> list[Contestant]:
    """What lists a tree's metadata: gdu, and find with -printf."""
    commands = {
        "gdu": ["--non-interactive", "--no-progress", "--summarize", str(tree)],
        "find": [str(tree), "-printf", "%s %T@ %p\\n"],
    }
    found = [(name, shutil.which(name), arguments) for name, arguments in commands.items()]
    return [Contestant(name, [program, *arguments]) for name, program, arguments in found if program]


def plocate(tree: Path, scratch: Path, pattern: str) -> tuple[Contestant, Callable[[], None]] | None:
    """A substring search by plocate, and what makes its database; None where it is not installed."""
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    program, update = shutil.which("plocate"), shutil.which("updatedb.plocate", path=search)
    if program is None or update is None:
        return None
    database = scratch / "plocate.db"

    def make_database() -> None:
        os.spawnl(
            os.P_WAIT, update, update, "-l", "no", "-U", str(tree), "-o", str(database),
            "--prunepaths", "", "--prune-bind-mounts", "no",
        )  # fmt: skip

    return Contestant("plocate", [program, "-d", str(database), "-l", "1000", pattern]), make_database


def _own_caches(folder: Path) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    return {"XDG_CACHE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
