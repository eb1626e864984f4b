"""Deciding copies: what a key does to a group, and how it is taken back. Values in, values out: no display, no wire.

A plan holds groups of equal files. Each file is kept, dropped, or undecided; names of one file are decided together,
for one of two hard links frees nothing. The last copy that stays cannot be dropped: trying gives the reason.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace

KEEP, DROP, UNDECIDED = "keep", "drop", "undecided"


@dataclass(frozen=True)
class Member:
    """One name in a group. `file` tells whose name it is: names of one file share it."""

    path: bytes
    decision: str
    file: Hashable = None
    reason: str = ""
    freed_bytes: int = 0

    @property
    def whose(self) -> Hashable:
        """The file that it is a name of; a name by itself where that is not known."""
        return self.path if self.file is None else self.file


@dataclass(frozen=True)
class Group:
    """A group of equal files in a plan. Of very many copies only the first are held: `hidden` says how many more."""

    number: int
    size: int
    hash: bytes
    members: tuple[Member, ...]
    hidden: int = 0

    @property
    def is_decided(self) -> bool:
        """Whether it is said of every copy what becomes of it."""
        return all(member.decision != UNDECIDED for member in self.members)

    @property
    def dropped(self) -> int:
        """Names that go."""
        return sum(member.decision == DROP for member in self.members)

    @property
    def freed_bytes(self) -> int:
        """What their going frees."""
        return sum(member.freed_bytes for member in self.members if member.decision == DROP)


#: What is decided again: a path and its decision.
Edit = tuple[bytes, str]
Edits = tuple[Edit, ...]


@dataclass(frozen=True)
class Told:
    """What a plan is told of a group: one name of each file, and what becomes of the others (empty: as it was)."""

    keep: tuple[bytes, ...] = ()
    drop: tuple[bytes, ...] = ()
    undecided: tuple[bytes, ...] = ()
    rest: str = ""


@dataclass(frozen=True)
class Refused:
    """Why a key does nothing: `last-copy` or `no-such-copy`."""

    why: str


def toggled(group: Group, at: int) -> Edits | Refused:
    """Space: drops a copy, or keeps one that goes. Where one undecided copy is left, it stays."""
    if not 0 <= at < len(group.members):
        return Refused("no-such-copy")
    member = group.members[at]
    if member.decision == DROP:
        return _edits(group, {member.whose: KEEP})
    wanted = {member.whose: DROP}
    others = {each.whose for each in group.members if each.whose != member.whose and each.decision != DROP}
    if not others and not group.hidden:
        return Refused("last-copy")
    if len(others) == 1 and not group.hidden:
        wanted[others.pop()] = KEEP
    return _edits(group, wanted)


def only(group: Group, at: int) -> Edits | Refused:
    """1 to 9: this copy stays, all others go."""
    if not 0 <= at < len(group.members):
        return Refused("no-such-copy")
    kept = group.members[at].whose
    others = {each.whose: DROP for each in group.members if each.whose != kept}
    return _edits(group, {kept: KEEP, **others}) if others or group.hidden else Refused("last-copy")


def all_kept(group: Group) -> Edits:
    """A: every copy stays."""
    return _edits(group, {member.whose: KEEP for member in group.members})


def all_undecided(group: Group) -> Edits:
    """U: nothing is decided."""
    return _edits(group, {member.whose: UNDECIDED for member in group.members})


def decided(group: Group, edits: Edits) -> Group:
    """The group after edits."""
    wanted = dict(edits)
    members = tuple(replace(each, decision=wanted.get(each.path, each.decision)) for each in group.members)
    return replace(group, members=members)


def told(edits: Edits, group: Group, rest: str = "") -> Told:
    """What a plan is told for these edits: one name of each file. `rest`: what becomes of all others."""
    after = decided(group, edits)
    wanted = dict(edits)
    of_file: dict[Hashable, Member] = {}
    for member in after.members:
        if member.decision != rest if rest else member.path in wanted:
            of_file.setdefault(member.whose, member)

    def names(decision: str) -> tuple[bytes, ...]:
        return tuple(member.path for member in of_file.values() if member.decision == decision)

    return Told(names(KEEP), names(DROP), names(UNDECIDED), rest)


def most_frequent(group: Group) -> str:
    """What is decided of most names of a group."""
    decided_so = [member.decision for member in group.members]
    return max((KEEP, DROP, UNDECIDED), key=decided_so.count)


def _edits(group: Group, wanted: dict[Hashable, str]) -> Edits:
    """What becomes other by decisions about files, name by name."""
    return tuple(
        (member.path, wanted[member.whose])
        for member in group.members
        if member.whose in wanted and wanted[member.whose] != member.decision
    )


@dataclass(frozen=True)
class Step:
    """One decision as it can be taken back: the group as it was, and whether its copies became wanted by it."""

    before: Group
    remembered: bool = False


@dataclass(frozen=True)
class History:
    """Every decision since the review began, the last one last."""

    steps: tuple[Step, ...] = field(default=())

    def with_step(self, step: Step) -> History:
        """With one more."""
        return History((*self.steps, step))

    def back(self) -> tuple[Step | None, History]:
        """The last one, and those before it."""
        return (self.steps[-1], History(self.steps[:-1])) if self.steps else (None, self)


def restoring(step: Step, now: Group) -> Edits:
    """What takes a decision back."""
    before = {member.path: member.decision for member in step.before.members}
    return tuple(
        (member.path, before[member.path])
        for member in now.members
        if member.path in before and before[member.path] != member.decision
    )


def carried(by_hand: Iterable[Member], group: Group) -> Edits:
    """What was decided by hand in another plan, for a group of this one; nothing that would drop its last copy."""
    wanted = {member.path: member.decision for member in by_hand}
    edits = tuple((each.path, wanted[each.path]) for each in group.members if each.path in wanted)
    after = decided(group, edits)
    return edits if any(each.decision != DROP for each in after.members) else ()
