"""What the daemon counts on when copies are cleared: the same assertions over the engine and over the fake."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sanchay.errors import (
    InvalidArgument,
    InvalidQuery,
    LastCopy,
    NotFound,
    PlanEdited,
    SanchayError,
    UnknownPath,
    UnknownPlan,
    UnknownRun,
)
from sanchayd.engine_port import dedupe_values as values
from sanchayd.engine_port.port import CatalogPort
from tests.contract.ports import FILES, PHOTO_BYTES, refusal, scan

NOTHING: dict[str, Any] = {
    "under": None,
    "min_size": 1,
    "extensions": (),
    "types": (),
    "drop": None,
    "keep": None,
    "prefer": (),
    "isolate": (),
    "min_copies": 1,
    "min_devices": 1,
    "one_of_each_name": False,
    "everywhere": False,
    "action": "trash",
    "asked": "{}",
}


@pytest.fixture
def filled(scanned: CatalogPort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogPort:
    """The catalog with the tree in it, whose trash is beside the tree."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return scanned


def make_plan(port: CatalogPort, **asked: Any) -> values.Plan:
    return port.make_plan(**{**NOTHING, **asked})


def copies(port: CatalogPort, plan: int, *, limit: int = 100, max_bytes: int | None = None) -> dict[bytes, Any]:
    """Every copy of a plan by its path, from as many pages as it takes."""
    found: dict[bytes, Any] = {}
    numbers: list[int] = []
    token = ""
    while True:
        page = port.plan_groups(plan, token=token, limit=limit, max_bytes=max_bytes)
        for group in page.groups:
            numbers.append(group.number)
            found |= {copy.path: copy for copy in group.copies}
        token = page.next_token
        if not token:
            assert numbers == sorted(numbers)
            return found


def run(port: CatalogPort, plan: values.Plan) -> values.ActResult:
    return port.start_run(plan.id, plan.version, any_metadata=False, empty_folders=False, background=False).wait()


def contents(tree: Path) -> dict[str, bytes]:
    return {str(file.relative_to(tree)): file.read_bytes() for file in tree.rglob("*") if file.is_file()}


def test_a_plan_keeps_one_of_each_group_and_says_why(filled: CatalogPort, tree: Path) -> None:
    plan = make_plan(filled, asked='{"min_size": 1}')
    assert (plan.groups, plan.undecided, plan.files, plan.version) == (2, 0, 2, 1)
    assert (plan.action, plan.asked, plan.broken_links) == ("trash", '{"min_size": 1}', 0)
    assert plan.made_ns > 0
    assert plan.freed_bytes >= PHOTO_BYTES
    found = copies(filled, plan.id)
    assert len(found) == 4
    for copy in found.values():
        assert copy.reason
        assert copy.decision in ("keep", "drop")
        assert bool(copy.kept) == (copy.decision == "drop")
        assert not copy.kept or found[copy.kept].decision == "keep"
    assert contents(tree) == FILES, "nothing was changed"
    assert [each.id for each in filled.plans()] == [plan.id]
    assert filled.plan(plan.id).files == 2


@pytest.mark.parametrize(("limit", "max_bytes"), [(1, None), (100, 1), (100, 300)])
def test_every_copy_of_a_plan_comes_in_pages_of_any_size(
    filled: CatalogPort, limit: int, max_bytes: int | None
) -> None:
    plan = make_plan(filled)
    assert copies(filled, plan.id, limit=limit, max_bytes=max_bytes).keys() == copies(filled, plan.id).keys()


def test_rules_that_decide_nothing_leave_a_group_undecided(filled: CatalogPort, tree: Path) -> None:
    photos = f"under:{tree / 'photos'}"
    plan = make_plan(filled, prefer=["under:/nowhere"])
    assert (plan.groups, plan.undecided, plan.files, plan.freed_bytes) == (2, 2, 0, 0)
    assert {copy.decision for copy in copies(filled, plan.id).values()} == {"undecided"}
    assert make_plan(filled, prefer=[photos]).undecided == 2, "all are below it, or none"


def test_of_two_folders_one_gives_way_where_the_other_has_the_content(filled: CatalogPort, tree: Path) -> None:
    (backup := tree / "backup").mkdir()
    (backup / "one.jpg").write_bytes((tree / "photos/one.jpg").read_bytes())
    (backup / "new.jpg").write_bytes(b"\xff in the backup only")
    scan(filled)
    photos, there = os.fsencode(tree / "photos"), os.fsencode(backup)
    plan = make_plan(filled, keep_in=[photos], drop_in=[there])
    assert (plan.groups, plan.undecided, plan.files) == (1, 0, 1)
    gone = [copy.path for copy in copies(filled, plan.id).values() if copy.decision == "drop"]
    assert gone == [there + b"/one.jpg"]
    turned = make_plan(filled, keep_in=[there], drop_in=[photos])
    gone = [copy.path for copy in copies(filled, turned.id).values() if copy.decision == "drop"]
    assert gone == [photos + b"/one.jpg", photos + b"/two.jpg"]
    assert make_plan(filled, keep_in=[os.fsencode(tree / "docs")], drop_in=[photos]).groups == 0


def test_an_edit_makes_another_version_and_the_last_copy_stays(filled: CatalogPort) -> None:
    plan = make_plan(filled)
    dropped = next(copy for copy in copies(filled, plan.id).values() if copy.decision == "drop")
    edited = filled.edit_plan(plan.id, dropped.path, "keep")
    assert (edited.id, edited.version, edited.files) == (plan.id, 2, 1)
    turned = filled.edit_plan(plan.id, dropped.kept, "drop")
    assert (turned.version, turned.files) == (3, 2)
    found = copies(filled, plan.id)
    assert (found[dropped.kept].decision, found[dropped.kept].kept) == ("drop", dropped.path)
    assert isinstance(refusal(lambda: filled.edit_plan(plan.id, dropped.path, "drop")), LastCopy)
    assert filled.plan(plan.id).version == 3
    assert isinstance(refusal(lambda: run(filled, plan)), PlanEdited)


def found_group(port: CatalogPort, plan: int, *, limit: int = 100, **which: Any) -> values.FoundGroup:
    return port.plan_group(plan, limit=limit, max_bytes=None, **which)


def decide(port: CatalogPort, plan: int, number: int, **wanted: Any) -> values.Plan:
    return port.decide_group(plan, number, **{"keep": (), "drop": (), "undecided": (), "rest": None, **wanted})


def decisions(found: values.FoundGroup) -> list[str]:
    assert found.group is not None
    return [copy.decision for copy in found.group.copies]


def test_a_group_is_found_by_number_content_or_as_the_next_undecided(filled: CatalogPort) -> None:
    plan = make_plan(filled, prefer=["under:/nowhere"])
    second = filled.plan_groups(plan.id, token="", first_group=1, limit=10, max_bytes=None).groups
    assert [group.number for group in second] == [1]
    assert not filled.plan_groups(plan.id, token="", first_group=2, limit=10, max_bytes=None).groups
    first = found_group(filled, plan.id, number=0)
    assert first.group is not None
    assert (first.group.number, len(first.group.copies), first.copies, first.next_undecided) == (0, 2, 2, 1)
    short = found_group(filled, plan.id, number=0, limit=1)
    assert short.group is not None
    assert (len(short.group.copies), short.copies) == (1, 2), "a part of it, and how many there are"
    last = found_group(filled, plan.id, hash_bytes=second[0].hash)
    assert last.group is not None
    assert (last.group.number, last.next_undecided) == (1, 0)
    assert found_group(filled, plan.id, hash_bytes=bytes(32)).group is None

    def behind(number: int, wraps: bool = False) -> int | None:
        group = found_group(filled, plan.id, undecided_after=number, wraps=wraps).group
        return group.number if group is not None else None

    assert [behind(-1), behind(0), behind(1), behind(1, wraps=True)] == [0, 1, None, 0]
    decide(filled, plan.id, 0, rest="keep")
    assert [behind(-1), behind(1), behind(1, wraps=True)] == [1, None, 1]
    states = filled.plan_group_states(plan.id, [second[0].hash, bytes(32), first.group.hash])
    assert [(each.number, each.is_undecided) if each else None for each in states] == [(1, True), None, (0, False)]
    assert found_group(filled, plan.id, number=0).next_undecided == 1
    decide(filled, plan.id, 1, rest="keep")
    assert (behind(-1, wraps=True), found_group(filled, plan.id, number=1).next_undecided) == (None, None)


def test_a_group_is_decided_at_once_or_not_at_all(filled: CatalogPort) -> None:
    plan = make_plan(filled, prefer=["under:/nowhere"])
    group = found_group(filled, plan.id, number=1).group
    assert group is not None
    one, other = (copy.path for copy in group.copies)
    decided = decide(filled, plan.id, 1, keep=[other], rest="drop")
    assert (decided.version, decided.undecided, decided.files) == (2, 1, 1)
    assert decided.freed_bytes == group.copies[0].freed_bytes
    found = found_group(filled, plan.id, number=1)
    assert decisions(found) == ["drop", "keep"]
    assert [(copy.reason, copy.kept) for copy in found.group.copies] == [  # type: ignore[union-attr]
        ("by-hand", other),
        ("by-hand", b""),
    ]
    last: tuple[dict[str, Any], ...] = ({"drop": [other]}, {"drop": [one, other]}, {"rest": "drop"})
    for wanted in last:
        assert isinstance(refusal(partial(decide, filled, plan.id, 1, **wanted)), LastCopy)
    twice = refusal(lambda: decide(filled, plan.id, 1, keep=[one], drop=[one]))
    assert isinstance(twice, InvalidArgument)
    assert isinstance(refusal(lambda: decide(filled, plan.id, 1, keep=[one, b"/else"])), UnknownPath)
    assert filled.plan(plan.id).version == 2, "nothing was changed"
    swapped = decide(filled, plan.id, 1, keep=[one], drop=[other])
    assert (swapped.version, swapped.files) == (3, 1)
    back = decide(filled, plan.id, 1, undecided=[one, other])
    assert (back.version, back.undecided, back.files, back.freed_bytes) == (4, 2, 0, 0)
    assert decisions(found_group(filled, plan.id, number=1)) == ["undecided", "undecided"]


def test_what_is_not_there_or_cannot_be_planned_is_refused(filled: CatalogPort) -> None:
    plan = make_plan(filled)
    cases: list[tuple[Any, tuple[type[SanchayError], ...]]] = [
        (lambda: filled.plan(99), (UnknownPlan,)),
        (lambda: filled.forget_plan(99), (UnknownPlan,)),
        (lambda: filled.plan_groups(99, token="", limit=1, max_bytes=None), (UnknownPlan,)),
        (lambda: filled.edit_plan(99, b"/a", "keep"), (UnknownPlan,)),
        (lambda: found_group(filled, 99, number=0), (UnknownPlan,)),
        (lambda: filled.plan_group_states(99, []), (UnknownPlan,)),
        (lambda: decide(filled, 99, 0), (UnknownPlan,)),
        (lambda: found_group(filled, plan.id, number=2), (InvalidArgument,)),
        (lambda: found_group(filled, plan.id), (InvalidArgument,)),
        (lambda: decide(filled, plan.id, 2), (InvalidArgument,)),
        (lambda: decide(filled, plan.id, 0, keep=[b"/nowhere"]), (UnknownPath,)),
        (
            lambda: filled.start_run(99, 1, any_metadata=False, empty_folders=False, background=False),
            (UnknownPlan,),
        ),
        (lambda: filled.acts(99, token="", limit=1, max_bytes=None), (UnknownRun,)),
        (lambda: filled.start_undo(99, [], background=False), (UnknownRun,)),
        (lambda: filled.edit_plan(plan.id, b"/nowhere", "keep"), (UnknownPath,)),
        (lambda: filled.ignore_copies(hash_bytes=None, path=b"/nowhere"), (UnknownPath, NotFound)),
        (lambda: make_plan(filled, prefer=["biggest"]), (InvalidArgument,)),
        (lambda: make_plan(filled, drop="size:>x"), (InvalidQuery,)),
    ]
    for ask, kinds in cases:
        assert isinstance(refusal(ask), kinds)


def test_a_run_is_noted_and_taken_back(filled: CatalogPort, tree: Path) -> None:
    plan = make_plan(filled)
    dropped = {path for path, copy in copies(filled, plan.id).items() if copy.decision == "drop"}
    ended = run(filled, plan)
    assert (ended.state, ended.acted, ended.skipped, ended.failed) == ("done", 2, 0, 0), ended.left
    assert ended.freed_when_emptied
    assert ended.freed_bytes >= PHOTO_BYTES
    assert {os.fsencode(tree / name) for name in FILES} - {
        os.fsencode(tree / name) for name in contents(tree)
    } == dropped
    first = filled.acts(ended.run, token="", limit=1, max_bytes=None)
    rest = filled.acts(ended.run, token=first.next_token, limit=10, max_bytes=None)
    acts = [*first.acts, *rest.acts]
    assert ({act.path for act in acts}, rest.next_token) == (dropped, "")
    assert all(act.state == "done" and act.kept_path and act.size_bytes for act in acts)

    undone = filled.start_undo(ended.run, [acts[0].path], background=False).wait()
    assert (undone.state, undone.acted) == ("done", 1)
    undone = filled.start_undo(ended.run, [], background=False).wait()
    assert (undone.state, undone.acted) == ("done", 1), "one of them was taken back already"
    assert contents(tree) == FILES
    assert [(each.kind, each.of) for each in filled.runs()] == [
        ("undo", ended.run),
        ("undo", ended.run),
        ("dedupe", plan.id),
    ]
    assert all(each.ended_ns for each in filled.runs())
    taken = filled.acts(ended.run, token="", limit=10, max_bytes=None).acts
    assert {act.state for act in taken} == {"taken-back"}


def test_a_file_that_is_gone_by_then_is_left_with_the_reason(filled: CatalogPort, tree: Path) -> None:
    plan = make_plan(filled)
    gone = next(copy.path for copy in copies(filled, plan.id).values() if copy.decision == "drop")
    os.unlink(gone)
    ended = run(filled, plan)
    assert (ended.state, ended.acted, ended.skipped + ended.failed) == ("partial", 1, 1)
    assert [(left.path, left.reason) for left in ended.left] == [(gone, "gone")]


def test_wanted_copies_leave_plans_until_they_are_not_wanted(filled: CatalogPort, tree: Path) -> None:
    make_plan(filled)
    photo = os.fsencode(tree / "photos/one.jpg")
    group = filled.ignore_copies(hash_bytes=None, path=photo)
    assert (group.size_bytes, len(group.hash), photo in group.paths) == (PHOTO_BYTES, 32, True)
    assert make_plan(filled).groups == 1
    (listed,) = filled.ignored()
    assert (listed.hash, sorted(listed.paths)) == (group.hash, sorted(group.paths))
    assert filled.unignore_copies(hash_bytes=group.hash, path=None)
    assert not filled.unignore_copies(hash_bytes=group.hash, path=None)
    assert filled.ignore_copies(hash_bytes=group.hash, path=None).hash == group.hash
    assert filled.unignore_copies(hash_bytes=None, path=photo)
    assert make_plan(filled).groups == 2
