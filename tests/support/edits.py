"""Random edits of a tree: everything that programs and people do to files, from a seed."""

from __future__ import annotations

import os
import random
import shutil
import socket
from collections.abc import Callable

NAMES = [
    b"photo.jpg", b"PHOTO2.JPG", b"report.txt", b"Report (1).txt", b"app.log", b"main.py", b"pack.tar.gz", b"data",
    b"\xff", b"\xfe", b"raw\xff\xfe.jpg", b"new\nline.log", b"quo\"te's.txt", b"-dash.txt", b"=1+1.txt", b".hidden.txt",
    b"caf\xc3\xa9.jpg", b"cafe\xcc\x81.jpg", b"%_like.zip", b"esc\x1b[31m.log", b"ends.", b"ab", b"a b.txt",
    "фото.jpg".encode(), "写真.jpg".encode(), b"x" * 200 + b".txt",
]  # fmt: skip
FOLDERS = [b"one", b"two", b"two2", b"deep", b"%", b"_", b"sp ace", b"\xff\xfedir", b"caf\xc3\xa9", b"photo"]

#: Sizes around the borders that the engine knows: blocks, and files that are read after the listing.
SIZES = [0, 0, 1, 100, 100, 4096, 5000, 5000, 131_072, 131_073, 200_000]


def content(chosen: random.Random, size: int | None = None) -> bytes:
    """One of three contents of a size: they differ in the middle byte alone."""
    size = chosen.choice(SIZES) if size is None else size
    body = bytearray(b"sanchay " * (size // 8 + 1))[:size]
    if size:
        body[size // 2] = chosen.choice(b"abc")
    return bytes(body)


class Editor:
    """Edits the tree at `root`; `outside` is a folder beside it, for links that lead out.

    Left to chance a tree dwindles to nothing in the long run: where there are fewer than `least_files`, only what adds
    to it is done.
    """

    def __init__(self, root: bytes, outside: bytes, chosen: random.Random, least_files: int = 0) -> None:
        self.root = root
        self.least_files = least_files
        self.outside = outside
        self.chosen = chosen
        self.history: list[str] = []

    def files(self) -> list[bytes]:
        """Every name of a regular file, sorted."""
        found = []
        for folder, _, names in os.walk(self.root):
            found += [os.path.join(folder, name) for name in names]
        return sorted(path for path in found if os.path.isfile(path) and not os.path.islink(path))

    def folders(self) -> list[bytes]:
        """Every folder, sorted: the root first."""
        return sorted(folder for folder, _, _ in os.walk(self.root))

    def place(self) -> bytes:
        """A path in some folder; something may be there."""
        return os.path.join(self.chosen.choice(self.folders()), self.chosen.choice(NAMES))

    def step(self) -> None:
        """Makes one edit."""
        edits: list[tuple[int, Callable[[], str]]] = [
            (6, self.create), (2, self.make_folder), (2, self.hard_link), (1, self.link_outside), (2, self.symlink),
            (1, self.special), (2, self.edit_keeping_size), (2, self.edit_and_set_times_back), (1, self.touch),
            (2, self.delete), (1, self.delete_folder), (2, self.rename_over), (2, self.rename_folder),
            (1, self.move_out), (1, self.change_mode), (1, self.append), (1, self.change_owner), (1, self.before_1970),
            (1, self.folder_for_file),
        ]  # fmt: skip
        edit = self.one_of(edits)
        self.history.append(f"{edit.__name__} {edit()}")

    def one_of(self, edits: list[tuple[int, Callable[[], str]]]) -> Callable[[], str]:
        """One of the weighted edits, or one that adds where too little is left."""
        if self.least_files and len(self.files()) < self.least_files:
            edits = [(3, self.create), (1, self.make_folder)]
        (edit,) = self.chosen.choices([edit for _, edit in edits], [weight for weight, _ in edits])
        return edit

    def create(self) -> str:
        path = self.place()
        if os.path.lexists(path):
            return "nothing"
        with open(path, "wb") as file:
            file.write(content(self.chosen))
        return repr(path)

    def make_folder(self) -> str:
        path = os.path.join(self.chosen.choice(self.folders()), self.chosen.choice(FOLDERS))
        if os.path.lexists(path) or path.count(b"/") - self.root.count(b"/") > 5:
            return "nothing"
        os.mkdir(path)
        return repr(path)

    def _some_file(self) -> bytes | None:
        files = self.files()
        return self.chosen.choice(files) if files else None

    def _some_folder(self) -> bytes | None:
        folders = self.folders()[1:]
        return self.chosen.choice(folders) if folders else None

    def hard_link(self) -> str:
        source, target = self._some_file(), self.place()
        if source is None or os.path.lexists(target):
            return "nothing"
        os.link(source, target)
        return f"{source!r} {target!r}"

    def link_outside(self) -> str:
        source = self._some_file()
        if source is None:
            return "nothing"
        os.link(source, os.path.join(self.outside, b"%d" % len(os.listdir(self.outside))))
        return repr(source)

    def symlink(self) -> str:
        target = self.place()
        if os.path.lexists(target):
            return "nothing"
        aims = [self.root, b".", b"..", b"nowhere", os.path.basename(target), self._some_file() or b"x"]
        aim = self.chosen.choice(aims)
        os.symlink(aim, target)
        return f"{aim!r} {target!r}"

    def special(self) -> str:
        path = self.place()
        if os.path.lexists(path):
            return "nothing"
        if self.chosen.random() < 0.5 or len(path) > 100:
            os.mkfifo(path)
        else:
            with socket.socket(socket.AF_UNIX) as unix:
                unix.bind(path)
        return repr(path)

    def edit_keeping_size(self) -> str:
        path = self._some_file()
        if path is None:
            return "nothing"
        with open(path, "r+b") as file:
            file.write(content(self.chosen, os.fstat(file.fileno()).st_size))
        return repr(path)

    def edit_and_set_times_back(self) -> str:
        path = self._some_file()
        if path is None:
            return "nothing"
        before = os.stat(path)
        with open(path, "r+b") as file:
            file.write(content(self.chosen, before.st_size))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return repr(path)

    def touch(self) -> str:
        path = self._some_file()
        if path is None:
            return "nothing"
        os.utime(path, ns=(0, self.chosen.randrange(10**18)))
        return repr(path)

    def before_1970(self) -> str:
        path = self._some_file()
        if path is None:
            return "nothing"
        os.utime(path, ns=(0, -self.chosen.randrange(10**17)))
        return repr(path)

    def delete(self) -> str:
        path = self._some_file()
        if path is None:
            return "nothing"
        os.unlink(path)
        return repr(path)

    def delete_folder(self) -> str:
        path = self._some_folder()
        if path is None:
            return "nothing"
        shutil.rmtree(path)
        return repr(path)

    def rename_over(self) -> str:
        source, target = self._some_file(), self.place()
        if source is None or os.path.isdir(target):
            return "nothing"
        os.rename(source, target)
        return f"{source!r} {target!r}"

    def rename_folder(self) -> str:
        source = self._some_folder()
        target = os.path.join(self.chosen.choice(self.folders()), self.chosen.choice(FOLDERS))
        if source is None or os.path.lexists(target) or (target + b"/").startswith(source + b"/"):
            return "nothing"
        os.rename(source, target)
        return f"{source!r} {target!r}"

    def move_out(self) -> str:
        source = self._some_file()
        if source is None:
            return "nothing"
        os.rename(source, os.path.join(self.outside, b"%d" % len(os.listdir(self.outside))))
        return repr(source)

    def change_mode(self) -> str:
        path = self._some_file()
        if path is None:
            return "nothing"
        os.chmod(path, self.chosen.choice([0o600, 0o644, 0o755]))
        return repr(path)

    def append(self) -> str:
        path = self._some_file()
        if path is None:
            return "nothing"
        with open(path, "ab") as file:
            file.write(b"more")
        return repr(path)

    def change_owner(self) -> str:
        path = self._some_file()
        if path is None or os.geteuid() != 0:
            return "nothing"
        os.chown(path, self.chosen.choice([0, 1000, 65534]), -1)
        return repr(path)

    def folder_for_file(self) -> str:
        path = self._some_file()
        if path is None:
            return "nothing"
        os.unlink(path)
        os.mkdir(path)
        return repr(path)
