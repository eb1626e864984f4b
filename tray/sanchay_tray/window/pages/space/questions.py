"""What the page asks, on a thread: the folder a level deeper each time, so that something is there at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sanchay.client import Client
from sanchay.errors import UnknownPath
from sanchay.v1 import change_pb2, common_pb2
from sanchay_tray.window.pages.space.tree import Tree, tree_of

ROWS, DEEPEST = 10_000, 6
GROWING = 1000


class Level(NamedTuple):
    """The tree as deep as it is known so far."""

    tree: Tree
    freshness: common_pb2.Freshness


class Growth(NamedTuple):
    """How a folder grows, and which in it grow most."""

    path: bytes
    pace: change_pb2.GetGrowthResponse
    history: list[tuple[int, int]]  # days and bytes


def levels(client: Client, path: bytes, *, at_once: bool) -> Iterator[Level]:
    """The folder with what is in it, one level more each time, until all is there or it would be too much.

    `at_once`: only the last of these.
    """
    count, last = 0, None
    for depth in range(1, DEEPEST + 1):
        answer = client.disk_usage(path or None, depth=depth, limit=ROWS)
        truncated = answer.truncated or bool(answer.next_page_token)
        if depth > 1 and (truncated or len(answer.rows) == count):
            break
        count, last = len(answer.rows), Level(tree_of(answer.rows, truncated=truncated), answer.freshness)
        if not at_once:
            yield last
        if truncated:
            break
    if at_once and last is not None:
        yield last


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
