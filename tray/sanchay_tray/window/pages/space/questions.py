"""What the page asks, on a thread: a folder with all that is large enough in it, files too, by one question."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from sanchay.client import Client
from sanchay.errors import UnknownPath
from sanchay.v1 import change_pb2, common_pb2
from sanchay_tray.window.pages.space.tree import Tree, tree_of

#: Nodes at most, levels, and what is a separate node: a tile of some nine pixels. Where those are too many, what is
#: several times as large.
ROWS, DEEPEST = 10_000, 1000
LEAST_SHARE, COARSER, COARSEST = 0.0002, 3, 0.02
GROWING = 1000


class Usage(NamedTuple):
    """What a folder holds."""

    tree: Tree
    freshness: common_pb2.Freshness


class Growth(NamedTuple):
    """How a folder grows, and which in it grow most."""

    path: bytes
    pace: change_pb2.GetGrowthResponse
    history: list[tuple[int, int]]  # days and bytes


def usage(client: Client, path: bytes, *, with_types: bool, at_once: bool) -> Iterator[Usage]:
    """What a folder holds; then, `with_types`, the same with sums by type, for which all files are looked at.

    `at_once`: only the last of these.
    """
    if not (with_types and at_once):
        yield _usage(client, path, with_types=False)
    if with_types:
        yield _usage(client, path, with_types=True)


def _usage(client: Client, path: bytes, *, with_types: bool) -> Usage:
    share = LEAST_SHARE
    while True:
        ask = partial(
            client.disk_usage, path or None, depth=DEEPEST, with_files=True, with_types=with_types, least_share=share
        )
        answer = ask(limit=ROWS)
        rows = list(answer.rows)
        while answer.next_page_token and len(rows) < ROWS:  # a message is full before that where paths are long
            answer = ask(limit=ROWS - len(rows), page_token=answer.next_page_token)
            rows += answer.rows
        if not answer.truncated or share >= COARSEST:
            tree = tree_of(rows, truncated=answer.truncated, with_types=with_types)
            return Usage(tree, answer.freshness)
        share *= COARSER


def growth(client: Client, path: bytes, above: bytes) -> Growth:
    """The growth of a folder. Its totals by day are told only among those of the one above it."""
    pace = client.growth(path or None, limit=GROWING)
    history: list[tuple[int, int]] = []
    if path:
        try:
            rows = client.growth(above or None, limit=GROWING).rows
        except UnknownPath:  # the folder above it is not in the catalog
            rows = pace.rows
        history = [(point.day, point.bytes) for row in rows if row.path.raw == path for point in row.history]
    return Growth(path, pace, history)
