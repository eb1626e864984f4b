"""The query language in plain Python: random trees, random expressions, and what each of them finds."""

from __future__ import annotations

import fnmatch
import os
import random
import re
import stat
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.property.oracle import TYPES

WORDS = (
    "photo",
    "Photo",
    "café",
    "cafe\u0301",
    "ΟΔΟΣ",
    "report",
    '12"',
    '"quoted"',
    "a b",
    "-x",
    "back\\slash",
    "[1]",
    "ü",
)
ENDS = (".jpg", ".JPG", ".tar.gz", ".gz", ".txt", "", ".log", ".2024", ".py")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Chatham", "Australia/Lord_Howe")
CONTENTS = (b"", b"one", b"two", b"three" * 100, b"x" * 5000)
YEAR_S = 31_557_600
FILE, LINK, SPECIAL, FOLDER = "file", "link", "special", "folder"


@dataclass(frozen=True)
class Thing:
    """Whatever a tree holds."""

    path: str
    kind: str
    size: int
    modified_s: int
    links: int
    owner: int
    files_below: int = 0
    content: bytes = b""

    @property
    def name(self) -> str:
        return os.path.basename(self.path)

    @property
    def ending(self) -> str:
        """The extension that the catalog keeps."""
        stem, dot, last = self.name.rpartition(".")
        plain = bool(stem and dot) and len(last) <= 12 and last.isascii() and last.isalnum()
        return last.lower() if plain and not (last.isdigit() and len(last) > 3) and self.kind == FILE else ""


Test = Callable[[Thing], bool]


def fold(text: str) -> str:
    """One form of a name for all its cases and normal forms."""
    return "".join(letter.lower() for letter in unicodedata.normalize("NFC", text)).replace("ς", "σ")


def quote(text: str) -> str:
    """The text in the language's quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")


class Trees:
    """Folders with files, links, FIFOs and odd names; some of them are roots, some are reached by a link."""

    def __init__(self, top: Path, dice: random.Random) -> None:
        self.top, self.dice = top, dice
        self.folders: list[Path] = []
        for name in ("one", "two", "away"):
            self._fill(top / name, depth=0)
        self.roots = [top / "one", top / "two"]
        if dice.random() < 0.5:
            inner = [folder for folder in self.folders if is_below(str(folder), str(top / "one"))]
            if inner:
                self.roots.insert(dice.randrange(3), dice.choice(inner))
        self.short = top / "short"
        self.short.symlink_to(dice.choice([top, top / "one", *self.folders]))

    def _fill(self, folder: Path, depth: int) -> None:
        dice = self.dice
        folder.mkdir()
        self.folders.append(folder)
        for _ in range(dice.randrange(7)):
            path = folder / (dice.choice(WORDS) + dice.choice(("", "-", "2")) + dice.choice(ENDS))
            if os.path.lexists(path):
                continue
            what = dice.random()
            if what < 0.08:
                path.symlink_to(dice.choice((".", "/nowhere", str(self.top / "one"))))
            elif what < 0.11:
                os.mkfifo(path)
            elif what < 0.2 and depth:
                others = [other for other in folder.parent.iterdir() if other.is_file() and not other.is_symlink()]
                if others:
                    os.link(dice.choice(others), path)
            else:
                path.write_bytes(dice.choice(CONTENTS))
                os.utime(path, ns=(dice.randrange(-9 * YEAR_S, 90 * YEAR_S) * 10**9,) * 2)
                if dice.random() < 0.2:
                    os.chown(path, 1000, -1)
        if depth < 3:
            for number in range(dice.randrange(3)):
                below = folder / (dice.choice(WORDS) + str(number))
                if not os.path.lexists(below):
                    self._fill(below, depth + 1)

    def things(self) -> list[Thing]:
        """All that lies in the roots, themselves included, each once."""
        found: dict[str, Thing] = {}
        for root in self.roots:
            for folder, _, _ in os.walk(root):
                files = [
                    os.lstat(os.path.join(below, name))
                    for below, _, names in os.walk(folder)
                    for name in names
                    if stat.S_ISREG(os.lstat(os.path.join(below, name)).st_mode)
                ]
                size = sum(file.st_size for file in files)
                found[folder] = Thing(folder, FOLDER, size, 0, 0, 0, len(files))
                for entry in os.scandir(folder):
                    about = entry.stat(follow_symlinks=False)
                    if not stat.S_ISDIR(about.st_mode):
                        found[entry.path] = _thing(entry.path, about)
        return list(found.values())


def _thing(path: str, about: os.stat_result) -> Thing:
    kind = FILE if stat.S_ISREG(about.st_mode) else LINK if stat.S_ISLNK(about.st_mode) else SPECIAL
    content = Path(path).read_bytes() if kind == FILE else b""
    second = about.st_mtime_ns // 10**9
    return Thing(path, kind, about.st_size, second, about.st_nlink, about.st_uid, content=content)


def _negated(test: Test) -> Test:
    return lambda thing: not test(thing)


class Asker:
    """Makes terms, each with its meaning."""

    def __init__(self, trees: Trees, things: list[Thing], dice: random.Random) -> None:
        self.trees, self.things, self.dice = trees, things, dice
        self.zone = dice.choice(ZONES)
        inodes: dict[bytes, set[int]] = {}
        for thing in things:
            if thing.kind == FILE and thing.content:
                inodes.setdefault(thing.content, set()).add(os.lstat(thing.path).st_ino)
        self.twins = {content for content, copies in inodes.items() if len(copies) > 1}

    def expression(self) -> tuple[str, list[Thing]]:
        """An expression, and what it finds."""
        texts: list[str] = []
        tests: list[Test] = []
        names_others = False
        for _ in range(self.dice.choice((1, 1, 2, 2, 3, 4))):
            text, test, about_others = self._term()
            negated = self.dice.random() < 0.3
            names_others |= about_others and not negated
            texts.append(("-" if negated else "") + text)
            tests.append(_negated(test) if negated else test)
        hits = [thing for thing in self.things if names_others or thing.kind == FILE]
        return " ".join(texts), [thing for thing in hits if all(test(thing) for test in tests)]

    def _term(self) -> tuple[str, Test, bool]:
        makers = (
            self._text,
            self._glob,
            self._bare_glob,
            self._path_glob,
            self._under,
            self._root,
            self._extension,
            self._type,
            self._size,
            self._date,
            self._owner,
            self._links,
            self._empty,
            self._twin,
            self._path,
        )
        return self.dice.choice(makers)()

    def _text(self) -> tuple[str, Test, bool]:
        word = self.dice.choice(WORDS)
        wanted = fold(word)
        return quote(word), lambda thing: wanted in fold(thing.name), False

    def _pattern(self) -> tuple[str, Test]:
        start, end = self.dice.choice(("photo", "ü", "REPORT", "cafe\u0301", "")), self.dice.choice(ENDS)
        wanted = re.compile(fnmatch.translate(fold(f"{start}*{end}")), re.DOTALL)
        return f"{start}*{end}", lambda thing: wanted.match(fold(thing.name)) is not None

    def _glob(self) -> tuple[str, Test, bool]:
        pattern, test = self._pattern()
        return f"name:{pattern}", test, False

    def _bare_glob(self) -> tuple[str, Test, bool]:
        return (*self._pattern(), False)

    def _folder(self) -> str:
        return str(self.dice.choice([*self.trees.roots, *(Path(t.path) for t in self.things if t.kind == FOLDER)]))

    def _path_glob(self) -> tuple[str, Test, bool]:
        folder, end = self._folder(), self.dice.choice(ENDS)
        plain = re.sub(r"([*?\[\]{}\\])", r"\\\1", folder)
        deep = self.dice.random() < 0.5
        start, last = fold(folder) + "/", fold(end)

        def test(thing: Thing) -> bool:
            path = fold(thing.path)
            rest = path[len(start) :]
            fits = path.startswith(start) and rest.endswith(last) and bool(rest or not last)
            return fits and (deep or "/" not in rest)

        return f"path:{quote(plain + ('/**' if deep else '/*') + end)}", test, False

    def _spelled(self, folder: str) -> str:
        """Another way to say it, perhaps."""
        target = os.path.realpath(self.trees.short)
        way = self.dice.random()
        if way < 0.3 and is_below(folder, target):
            return str(self.trees.short) + folder[len(target) :]
        if way < 0.5:
            return folder + self.dice.choice(("/", "//", "/.", f"/../{os.path.basename(folder)}"))
        return unicodedata.normalize("NFC", folder) if way < 0.5 else folder

    def _under(self) -> tuple[str, Test, bool]:
        folder = self.dice.choice((str(self.trees.top), "/", self._folder(), self._folder(), self._folder()))
        return f"under:{quote(self._spelled(folder))}", lambda thing: is_below(thing.path, folder), False

    def _root(self) -> tuple[str, Test, bool]:
        number = self.dice.randrange(len(self.trees.roots))
        folder = str(self.trees.roots[number])
        word = self.dice.choice((f"root{number}", str(number + 1), quote(folder)))
        return f"root:{word}", lambda thing: thing.path == folder or is_below(thing.path, folder), False

    def _extension(self) -> tuple[str, Test, bool]:
        wanted = self.dice.sample(("jpg", "gz", "tar.gz", "none", "2024", "PY"), self.dice.choice((1, 1, 2)))

        def test(thing: Thing) -> bool:
            def one(text: str) -> bool:
                if text == "none":
                    return thing.ending == ""
                if text in ("tar.gz", "2024"):
                    return fold(thing.name).endswith("." + text) and len(thing.name) > len(text) + 1
                return thing.ending == text.lower()

            return thing.kind == FILE and any(one(text) for text in wanted)

        return "ext:" + ",".join(wanted), test, False

    def _type(self) -> tuple[str, Test, bool]:
        wanted = self.dice.sample(
            ("image", "archive", "other", "file", FOLDER, LINK, SPECIAL), self.dice.choice((1, 2))
        )
        if wanted == [FOLDER]:  # most other terms are refused beside it
            wanted = [FOLDER, "image"]

        def test(thing: Thing) -> bool:
            if thing.kind != FILE:
                return thing.kind in wanted
            return FILE in wanted or TYPES.get(thing.ending, "other") in wanted

        return "type:" + ",".join(wanted), test, bool({FOLDER, LINK, SPECIAL} & set(wanted))

    def _size(self) -> tuple[str, Test, bool]:
        text, test = self.dice.choice(
            (
                ("size:>2", lambda thing: thing.size > 2),
                ("size:<=500B", lambda thing: thing.size <= 500),
                ("size:1..3", lambda thing: 1 <= thing.size <= 3),
                ("size:>4.5K", lambda thing: thing.size > 4608),
                ("size:0", lambda thing: thing.size == 0),
            )
        )
        return text, test, False

    def _date(self) -> tuple[str, Test, bool]:
        zone = ZoneInfo(self.zone)
        year, month, number = self.dice.randrange(1962, 2055), self.dice.randrange(1, 13), self.dice.randrange(1, 29)
        day = datetime(year, month, number, tzinfo=zone)
        times = [thing.modified_s for thing in self.things if thing.kind == FILE]
        if times and self.dice.random() < 0.6:
            there = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=self.dice.choice(times))
            day = there.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        form = self.dice.choice(("%Y-%m-%d", "%Y"))
        since, until = day, day + timedelta(days=1)
        if form == "%Y":
            since, until = (datetime(year, 1, 1, tzinfo=zone) for year in (day.year, day.year + 1))
        text, low, high = day.strftime(form), int(since.timestamp()), int(until.timestamp())
        ways: tuple[tuple[str, Callable[[int], bool]], ...] = (
            (text, lambda at: low <= at < high),
            (">" + text, lambda at: at >= high),
            ("<" + text, lambda at: at < low),
            (">=" + text, lambda at: at >= low),
            (".." + text, lambda at: at < high),
        )
        written, test = self.dice.choice(ways)
        return f"modified:{written}", lambda thing: thing.kind != FOLDER and test(thing.modified_s), False

    def _owner(self) -> tuple[str, Test, bool]:
        return "owner:1000", lambda thing: thing.owner == 1000, False

    def _links(self) -> tuple[str, Test, bool]:
        return "links:>1", lambda thing: thing.links > 1, False

    def _empty(self) -> tuple[str, Test, bool]:
        return "empty:yes", lambda thing: (thing.files_below if thing.kind == FOLDER else thing.size) == 0, False

    def _twin(self) -> tuple[str, Test, bool]:
        return "dup:yes", lambda thing: thing.kind == FILE and thing.content in self.twins, False

    def _path(self) -> tuple[str, Test, bool]:
        thing = self.dice.choice(self.things)
        return quote(thing.path), lambda other: other.path == thing.path, True
