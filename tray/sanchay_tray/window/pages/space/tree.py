"""What a folder holds, as the daemon told it: nodes in flat lists, each behind the one that it lies in.

Sizes are those on the disk, where the file system says them. What a folder holds beside its folders is a node too.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sanchay.v1 import catalog_pb2


@dataclass
class Tree:
    """Node 0 is the folder that is shown, or everything. A list has one value for each node."""

    paths: list[bytes] = field(default_factory=list)
    names: list[bytes] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)  # on the disk
    files: list[int] = field(default_factory=list)
    newest_ns: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    children: list[list[int]] = field(default_factory=list)  # largest first
    #: Not a folder: what the one above holds beside its folders.
    is_rest: list[bool] = field(default_factory=list)
    #: The folders below are not all here: the daemon gives so many rows at once, and no more.
    truncated: bool = False

    def __len__(self) -> int:
        return len(self.paths)

    def node_of(self, path: bytes) -> int | None:
        """The folder of this path."""
        try:
            found = self.paths.index(path)
        except ValueError:
            return None
        return found  # a folder stands before what it holds, and so before its rest

    def above(self, node: int) -> list[int]:
        """The nodes that a node lies in, the outermost first, then itself."""
        found = [node]
        while found[-1] > 0:
            found.append(self.parents[found[-1]])
        return found[::-1]

    def weights(self, hidden: Collection[bytes] = ()) -> list[int]:
        """What each node takes on the map: nothing of what is hidden, and a folder what is in it."""
        weights = [0 if self.children[node] else size for node, size in enumerate(self.sizes)]
        for node in range(len(self) - 1, 0, -1):
            if hidden and not self.is_rest[node] and self.paths[node] in hidden:
                weights[node] = 0
            weights[self.parents[node]] += weights[node]
        return weights

    def _add(self, parent: int, row: catalog_pb2.DiskUsageRow, path: bytes) -> int:
        node = len(self)
        self.paths.append(path)
        self.names.append(os.path.basename(path) or path if node and self.paths[parent] else path)
        self.sizes.append(row.allocated or row.bytes)
        self.files.append(row.files)
        self.newest_ns.append(row.newest_ns)
        self.parents.append(parent)
        self.children.append([])
        self.is_rest.append(False)
        if node:
            self.children[parent].append(node)
        return node

    def _add_rest(self, folder: int) -> None:
        inside = self.children[folder]
        size = self.sizes[folder] - sum(self.sizes[node] for node in inside)
        files = self.files[folder] - sum(self.files[node] for node in inside)
        if inside and size > 0:  # a file with names in several of the folders counts once above them: less than the sum
            node = self._add(folder, catalog_pb2.DiskUsageRow(), self.paths[folder])
            self.names[node], self.is_rest[node] = b"", True
            self.sizes[node], self.files[node], self.newest_ns[node] = size, max(files, 0), self.newest_ns[folder]


def tree_of(rows: Iterable[catalog_pb2.DiskUsageRow], *, truncated: bool = False) -> Tree:
    """The tree of an answer: a folder before its own, as the daemon gives them. Several tops lie in a node for all."""
    tree, tops, every = Tree(truncated=truncated), [], list(rows)
    tops = [row for row in every if row.depth == 0]
    shift = 0
    if len(tops) != 1:
        shift = 1
        tree._add(0, catalog_pb2.DiskUsageRow(files=sum(row.files for row in tops)), b"")
        tree.sizes[0] = sum(row.allocated or row.bytes for row in tops)
        tree.newest_ns[0] = max((row.newest_ns for row in tops), default=0)
    chain: list[int] = [0] * shift
    for row in every:
        del chain[row.depth + shift :]
        chain.append(tree._add(chain[-1] if chain else 0, row, row.path.raw))
    for node in range(len(tree)):
        tree._add_rest(node)
    for inside in tree.children:
        inside.sort(key=lambda node: -tree.sizes[node])
    return tree
