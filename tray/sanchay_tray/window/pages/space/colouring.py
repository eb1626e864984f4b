"""What the colours of the map say: type, age, copies, growth, folder. Each class has a word beside its colour."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from sanchay_tray.window import shown
from sanchay_tray.window.colours import DARK, LIGHT, Colours
from sanchay_tray.window.pages.space.tree import Tree
from sanchay_tray.words import mark, say

DAY_NS = 86_400 * 10**9


class Class(NamedTuple):
    """One class: its words (marked), and its colour in the light and in the dark."""

    words: str
    light: str
    dark: str


class Facts(NamedTuple):
    """What a colouring may go by, beside the tree itself."""

    now_ns: int
    grown: Mapping[bytes, int]  # bytes by folder, of those that grew
    days: int  # that it was measured over; 0: not known yet


class Colouring(NamedTuple):
    """A way to colour: its word, its name (marked), its classes, and which class each node is of."""

    key: str
    name: str
    classes: tuple[Class, ...]
    of: Callable[[Tree, int, Facts], list[int]]
    #: It goes by the sums by type, which the daemon is asked for only then.
    needs_types: bool = False

    def palette(self, now: Colours, dark: bool) -> list[str]:
        """The colours of the classes."""
        return [each.dark if dark else each.light for each in self.classes] or list(now.types.values())


#: From blue to yellow (after cividis): told apart by how light they are, whatever colours one sees.
AGES = (
    (7, Class(mark("changed this week"), "#f7d13d", "#fbe16a")),
    (31, Class(mark("this month"), "#d3bd5c", "#d8c46a")),
    (366, Class(mark("this year"), "#a59c74", "#a8a07c")),
    (3 * 366, Class(mark("in three years"), "#6f7078", "#7d7f88")),
    (10**6, Class(mark("longer ago"), "#2f4b7c", "#4f6fa8")),
)
UNKNOWN = Class(mark("not known"), "#dcdfe4", "#3a404b")

GROWTH = (
    Class(mark("grew by a tenth or more"), "#d55e00", "#e8804a"),
    Class(mark("grew"), "#e9b44c", "#f0b840"),
    Class(mark("not among those that grew most"), "#a9c7de", "#4d6f8c"),
    UNKNOWN,
)

COPIES = (
    Class(mark("half of it or more has copies"), "#d55e00", "#e8804a"),
    Class(mark("some of it has copies"), "#e9b44c", "#f0b840"),
    Class(mark("no copies"), "#a9c7de", "#4d6f8c"),
    UNKNOWN,
)


def _by_folder(tree: Tree, top: int, facts: Facts) -> list[int]:  # noqa: ARG001 - as the others
    hues = [0] * len(tree)
    for number, child in enumerate(tree.children[top]):
        hues[child] = number % 8
    for node in range(top + 1, len(tree)):
        parent = tree.parents[node]
        if parent != top:
            hues[node] = hues[parent]
    return hues


def _by_age(tree: Tree, top: int, facts: Facts) -> list[int]:  # noqa: ARG001
    edges = [facts.now_ns - days * DAY_NS for days, _ in AGES]

    def age(newest_ns: int) -> int:
        if not newest_ns:
            return len(AGES)
        return next((number for number, edge in enumerate(edges) if newest_ns >= edge), len(AGES) - 1)

    return [age(newest_ns) for newest_ns in tree.newest_ns]


def _by_growth(tree: Tree, top: int, facts: Facts) -> list[int]:  # noqa: ARG001
    if not facts.days:
        return [3] * len(tree)
    found: list[int] = []
    for node, path in enumerate(tree.paths):
        if not tree.is_folder(node) and node:
            found.append(found[tree.parents[node]])  # folders grow; what lies in one has its colour
            continue
        grown = facts.grown.get(path, 0)
        found.append(2 if grown <= 0 else 0 if grown * 10 >= tree.sizes[node] else 1)
    return found


def _by_type(tree: Tree, top: int, facts: Facts) -> list[int]:  # noqa: ARG001
    unknown, numbers = len(shown.TYPES), {name: number for number, name in enumerate(shown.TYPES)}

    def most(types: Mapping[str, int]) -> int:
        return numbers[max(types, key=lambda name: types[name])] if types else unknown

    return [
        numbers.get(own, unknown) if own else most(types)
        for own, types in zip(tree.types, tree.type_bytes, strict=True)
    ]


def _by_copies(tree: Tree, top: int, facts: Facts) -> list[int]:  # noqa: ARG001
    if not tree.has_types:
        return [len(COPIES) - 1] * len(tree)
    return [
        0 if copied and copied * 2 >= whole else 1 if copied else 2
        for copied, whole in zip(tree.copied_bytes, tree.apparent, strict=True)
    ]


TYPES = (*(Class(shown.TYPES[name], LIGHT.types[name], DARK.types[name]) for name in shown.TYPES), UNKNOWN)
COLOURINGS = (
    Colouring("type", mark("By type"), TYPES, _by_type, needs_types=True),
    Colouring("age", mark("By age"), (*(each for _, each in AGES), UNKNOWN), _by_age),
    Colouring("copies", mark("By copies"), COPIES, _by_copies, needs_types=True),
    Colouring("growth", mark("By growth"), GROWTH, _by_growth),
    Colouring("folder", mark("By folder"), (), _by_folder),
)


def class_words(colouring: Colouring, tree: Tree, node: int, facts: Facts) -> str:
    """What the colour of one node says, in words; empty where it says only which folder it is in."""
    if not colouring.classes:
        return ""
    return say(colouring.classes[colouring.of(tree.alone(node), 0, facts)[0]].words)


def facts_of(grown: Mapping[bytes, int], days: int) -> Facts:
    """The facts of now."""
    return Facts(time.time_ns(), grown, days)
