"""What a tree holds, by the standard library alone: the answers that the catalog is compared with."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

#: The types of the extensions that the random trees use.
TYPES = {"jpg": "image", "txt": "document", "log": "log", "py": "code", "zip": "archive", "gz": "archive"}

SIZE_CLASSES = ((0, "empty"), (12, "under 4K"), (16, "4K to 64K"), (20, "64K to 1M"), (24, "1M to 16M"))


@dataclass(frozen=True)
class File:
    """One name of a regular file."""

    path: bytes
    size: int
    allocated: int
    modified_ns: int
    changed_ns: int
    inode: int
    links: int
    owner: int
    content: bytes

    @property
    def name(self) -> bytes:
        return os.path.basename(self.path)

    @property
    def folded(self) -> str:
        return unicodedata.normalize("NFC", self.name.decode("utf-8", "replace")).lower()

    @property
    def extension(self) -> str:
        stem, _, last = self.name.rpartition(b".")
        return last.decode("ascii").lower() if stem and last.isalnum() and last.isascii() else ""

    @property
    def type(self) -> str:
        return TYPES.get(self.extension, "other")

    @property
    def size_class(self) -> str:
        return next(label for bits, label in SIZE_CLASSES if self.size.bit_length() <= bits)

    @property
    def witness(self) -> tuple[int, int, int, int]:
        return (self.inode, self.size, self.modified_ns, self.changed_ns)


@dataclass(frozen=True)
class Group:
    """Files of one content with two physical copies or more."""

    size: int
    copies: int
    reclaimable: int
    freed: int
    paths: tuple[bytes, ...]


@dataclass
class Folder:
    """A folder with all below it."""

    files: int = 0
    directories: int = 1
    bytes: int = 0
    #: Of each inode once.
    allocated: int = 0
    #: What further names of the same inodes count for.
    linked_bytes: int = 0
    inodes: set[tuple[int, int]] = field(default_factory=set)
    #: Of the files below it; 0 without any.
    newest_ns: int | None = None


@dataclass
class Oracle:
    """One look at a tree."""

    files: dict[bytes, File] = field(default_factory=dict)
    folders: dict[bytes, Folder] = field(default_factory=dict)
    symlinks: int = 0
    special: int = 0

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files.values())

    def groups(self, wanted: Callable[[File], bool] = lambda file: file.size > 0) -> dict[tuple[bytes, ...], Group]:
        """The duplicate groups among the wanted files, by their sorted paths."""
        by_content: dict[bytes, list[File]] = defaultdict(list)
        for file in self.files.values():
            if wanted(file):
                by_content[file.content].append(file)
        found = [_group(files) for files in by_content.values() if len({file.inode for file in files}) > 1]
        return {group.paths: group for group in found}

    def duplicated(self) -> set[bytes]:
        """The paths of all files that have another physical copy."""
        return {path for paths in self.groups() for path in paths}

    def sums(self, key: Callable[[File], str]) -> dict[str, tuple[int, int]]:
        """Files and bytes by a key."""
        sums: dict[str, tuple[int, int]] = {}
        for file in self.files.values():
            files, size = sums.get(key(file), (0, 0))
            sums[key(file)] = (files + 1, size + file.size)
        return sums


def _group(files: Iterable[File]) -> Group:
    names: dict[int, list[File]] = defaultdict(list)
    for file in files:
        names[file.inode].append(file)
    copies = [(links[0], len(links)) for links in names.values()]
    inside = [file.allocated for file, count in copies if file.links == count]
    # A copy that has a name elsewhere is the one to keep: deleting it here would free nothing.
    freed = sum(inside) - (max(inside) if len(inside) == len(copies) else 0)
    size = copies[0][0].size
    paths = tuple(sorted(file.path for links in names.values() for file in links))
    return Group(size, len(copies), size * (len(copies) - 1), freed, paths)


def look(root: bytes) -> Oracle:
    """Reads a tree whole."""
    oracle = Oracle()
    _descend(root, [], oracle)
    return oracle


def _descend(path: bytes, above: list[Folder], oracle: Oracle) -> None:
    own = Folder()
    oracle.folders[path] = own
    for folder in above:
        folder.directories += 1
    chain = [*above, own]
    with os.scandir(path) as entries:
        for entry in entries:
            found = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                _descend(entry.path, chain, oracle)
            elif stat.S_ISLNK(found.st_mode):
                oracle.symlinks += 1
            elif not stat.S_ISREG(found.st_mode):
                oracle.special += 1
            else:
                file = _file(entry.path, found)
                oracle.files[file.path] = file
                for folder in chain:
                    folder.files += 1
                    folder.bytes += file.size
                    if (found.st_dev, found.st_ino) in folder.inodes:
                        folder.linked_bytes += file.size
                    else:
                        folder.inodes.add((found.st_dev, found.st_ino))
                        folder.allocated += file.allocated
                    folder.newest_ns = max(folder.newest_ns or file.modified_ns, file.modified_ns)


def _file(path: bytes, found: os.stat_result) -> File:
    with open(path, "rb") as opened:
        content = opened.read()
    return File(
        path=path,
        size=found.st_size,
        allocated=found.st_blocks * 512,
        modified_ns=found.st_mtime_ns,
        changed_ns=found.st_ctime_ns,
        inode=found.st_ino,
        links=found.st_nlink,
        owner=found.st_uid,
        content=content,
    )
