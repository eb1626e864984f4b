"""What a folder holds, as the daemon told it: nodes in flat lists, each behind the one that it lies in.

Sizes are those on the disk, where the file system says them. What is too small for a separate node is one beside
its larger sisters.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sanchay.v1 import catalog_pb2

NO_TYPES: Mapping[str, int] = {}


@dataclass
class Tree:
    """Node 0 is the folder that is shown, or everything. A list has one value for each node."""

    paths: list[bytes] = field(default_factory=list)
    names: list[bytes] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)  # on the disk
    apparent: list[int] = field(default_factory=list)  # by the sizes of the files
    files: list[int] = field(default_factory=list)
    newest_ns: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    children: list[list[int]] = field(default_factory=list)  # largest first
    #: Neither a folder nor a file: the rest of the one above.
    is_rest: list[bool] = field(default_factory=list)
    #: Of a file its type; empty: a folder, or the rest of one.
    types: list[str] = field(default_factory=list)
    #: Of `apparent`, by type, and those of files with copies: where `has_types`.
    type_bytes: list[Mapping[str, int]] = field(default_factory=list)
    copied_bytes: list[int] = field(default_factory=list)
    has_types: bool = False
    #: Not all that is large enough is here: the daemon gives so many rows at once, and no more.
    truncated: bool = False

    def __len__(self) -> int:
        return len(self.paths)

    def node_of(self, path: bytes) -> int | None:
        """The folder or file of this path."""
        try:
            found = self.paths.index(path)
        except ValueError:
            return None
        return found  # a folder stands before what it holds, and so before its rest

    def same(self, other: Tree, node: int) -> int | None:
        """The node that stands here for what one of another tree stands for."""
        found = self.node_of(other.paths[node])
        if found is None or not other.is_rest[node]:
            return found
        return next((child for child in self.children[found] if self.is_rest[child]), None)

    def above(self, node: int) -> list[int]:
        """The nodes that a node lies in, the outermost first, then itself."""
        found = [node]
        while found[-1] > 0:
            found.append(self.parents[found[-1]])
        return found[::-1]

    def is_folder(self, node: int) -> bool:
        """Whether it can be gone into."""
        return not self.is_rest[node] and not self.types[node]

    def folder(self, node: int) -> int:
        """The folder that a node is, or lies right in."""
        return node if self.is_folder(node) else self.parents[node]

    def weights(self, hidden: Collection[bytes] = ()) -> list[int]:
        """What each node takes on the map: nothing of what is hidden, and a folder what is in it.

        The names of one file are as large as the file each; the folder that they are in counts it once.
        """
        weights = [0 if self.children[node] else size for node, size in enumerate(self.sizes)]
        for node in range(len(self) - 1, 0, -1):
            if hidden and not self.is_rest[node] and self.paths[node] in hidden:
                weights[node] = 0
            weights[node] = min(weights[node], self.sizes[node])
            weights[self.parents[node]] += weights[node]
        return weights

    def alone(self, node: int) -> Tree:
        """A tree of this node only."""
        folder = self.folder(node)
        return Tree(
            paths=[self.paths[folder]],
            sizes=[self.sizes[folder]],
            apparent=[self.apparent[node]],
            newest_ns=[self.newest_ns[node]],
            parents=[0],
            children=[[]],
            is_rest=[False],
            types=[self.types[node]],
            type_bytes=[self.type_bytes[node]],
            copied_bytes=[self.copied_bytes[node]],
            has_types=self.has_types,
        )

    def _add(self, parent: int, row: catalog_pb2.DiskUsageRow, path: bytes, size: int) -> int:
        node = len(self)
        self.paths.append(path)
        self.names.append(os.path.basename(path) or path if node and self.paths[parent] else path)
        self.sizes.append(size)
        self.apparent.append(row.bytes)
        self.files.append(row.files)
        self.newest_ns.append(row.newest_ns)
        self.parents.append(parent)
        self.children.append([])
        self.is_rest.append(False)
        self.types.append(row.type)
        self.type_bytes.append(dict(row.type_bytes) if self.has_types else NO_TYPES)
        self.copied_bytes.append(row.copied_bytes)
        if node:
            self.children[parent].append(node)
        return node

    def _add_rest(self, folder: int) -> None:
        inside = self.children[folder]
        size = self.sizes[folder] - sum(self.sizes[node] for node in inside)
        # Inside a folder whose parts are all too small nothing is told apart, save for the one that is shown. A file
        # with names in several of the folders counts once above them: less than the sum.
        if size <= 0 or not (inside or (folder == 0 and self.files[0])):
            return
        types = dict(self.type_bytes[folder])
        for node in inside:
            for name, count in self.type_bytes[node].items():
                types[name] = types.get(name, 0) - count
        left_bytes = self.apparent[folder] - sum(self.apparent[node] for node in inside)
        rest = catalog_pb2.DiskUsageRow(
            bytes=max(left_bytes, 0),
            files=max(self.files[folder] - sum(self.files[node] for node in inside), 0),
            newest_ns=self.newest_ns[folder],
            copied_bytes=max(self.copied_bytes[folder] - sum(self.copied_bytes[node] for node in inside), 0),
            type_bytes={name: count for name, count in types.items() if count > 0},
        )
        node = self._add(folder, rest, self.paths[folder], size)
        self.names[node], self.is_rest[node] = b"", True


def tree_of(rows: Iterable[catalog_pb2.DiskUsageRow], *, truncated: bool = False, with_types: bool = False) -> Tree:
    """The tree of an answer: a folder before its own, as the daemon gives them. Several tops lie in a node for all."""
    tree, every = Tree(truncated=truncated, has_types=with_types), list(rows)
    tops = [row for row in every if row.depth == 0]
    shift = 0
    if len(tops) != 1:
        shift = 1
        whole = catalog_pb2.DiskUsageRow(
            files=sum(row.files for row in tops),
            bytes=sum(row.bytes for row in tops),
            newest_ns=max((row.newest_ns for row in tops), default=0),
            copied_bytes=sum(row.copied_bytes for row in tops),
        )
        for row in tops:
            for name, count in row.type_bytes.items():
                whole.type_bytes[name] += count
        tree._add(0, whole, b"", sum(row.allocated or row.bytes for row in tops))
    chain: list[int] = [0] * shift
    says_allocated = True
    for row in every:
        if row.depth == 0:
            says_allocated = row.allocated > 0  # a file without blocks takes none, where any file has some
        del chain[row.depth + shift :]
        size = row.allocated if says_allocated else row.bytes
        chain.append(tree._add(chain[-1] if chain else 0, row, row.path.raw, size))
    for node in range(len(tree)):
        tree._add_rest(node)
    for inside in tree.children:
        inside.sort(key=lambda node: -tree.sizes[node])
    return tree
