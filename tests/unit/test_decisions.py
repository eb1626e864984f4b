"""Deciding copies: what each key does to a group, and how it is taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sanchay_tray import decisions
from sanchay_tray.decisions import DROP, KEEP, UNDECIDED, Group, History, Member, Refused, Step, Told


def group(*decided: str, files: tuple[object, ...] = ()) -> Group:
    """A group of /0, /1, … with these decisions."""
    whose = files or (None,) * len(decided)
    members = (Member(b"/%d" % at, word, file=whose[at], freed_bytes=10) for at, word in enumerate(decided))
    return Group(0, 10, b"h", tuple(members))


def after(made: Group, edits: decisions.Edits | Refused) -> list[str]:
    """The decisions once the edits are made."""
    assert not isinstance(edits, Refused), edits
    return [member.decision for member in decisions.decided(made, edits).members]


def test_space_drops_and_keeps_and_the_one_that_is_left_stays() -> None:
    made = group(UNDECIDED, UNDECIDED, UNDECIDED)
    assert after(made, decisions.toggled(made, 1)) == [UNDECIDED, DROP, UNDECIDED]
    made = group(UNDECIDED, DROP, UNDECIDED)
    assert after(made, decisions.toggled(made, 0)) == [DROP, DROP, KEEP]
    assert after(made, decisions.toggled(made, 1)) == [UNDECIDED, KEEP, UNDECIDED]


def test_the_last_copy_cannot_be_dropped() -> None:
    made = group(DROP, KEEP)
    assert decisions.toggled(made, 1) == Refused("last-copy")
    names = group(UNDECIDED, UNDECIDED, files=("one", "one"))  # two names of one file
    assert decisions.toggled(names, 0) == Refused("last-copy")
    assert decisions.only(names, 0) == Refused("last-copy")


def test_a_number_keeps_one_alone_with_all_of_its_names() -> None:
    made = group(UNDECIDED, DROP, KEEP, UNDECIDED, files=("a", "b", "c", "a"))
    assert after(made, decisions.only(made, 3)) == [KEEP, DROP, DROP, KEEP]
    assert decisions.only(made, 4) == Refused("no-such-copy")


def test_all_stay_or_nothing_is_decided() -> None:
    made = group(UNDECIDED, DROP, KEEP)
    assert after(made, decisions.all_kept(made)) == [KEEP, KEEP, KEEP]
    assert after(made, decisions.all_undecided(made)) == [UNDECIDED] * 3
    assert decisions.all_kept(group(KEEP, KEEP)) == ()


def test_a_plan_is_told_one_name_of_each_file_and_what_becomes_of_the_rest() -> None:
    made = group(KEEP, DROP, DROP, files=("a", "b", "b"))
    edits = decisions.only(made, 1)
    assert not isinstance(edits, Refused)
    assert decisions.told(edits, made) == Told(keep=(b"/1",), drop=(b"/0",))
    assert decisions.told(edits, made, DROP) == Told(keep=(b"/1",), rest=DROP)
    again = decisions.only(made, 0)
    assert again == ()
    assert decisions.told(again, made, DROP) == Told(keep=(b"/0",), rest=DROP), "what is so already is named too"
    assert decisions.most_frequent(made) == DROP


def test_copies_that_are_not_held_may_be_those_that_stay() -> None:
    made = replace(group(UNDECIDED, DROP), hidden=5)
    assert after(made, decisions.toggled(made, 0)) == [DROP, DROP]
    one = replace(group(UNDECIDED), hidden=1)
    assert after(one, decisions.only(one, 0)) == [KEEP]
    assert after(replace(group(UNDECIDED, UNDECIDED), hidden=1), decisions.toggled(made, 0)) == [DROP, UNDECIDED]


@pytest.mark.parametrize("key", [lambda made: decisions.only(made, 0), decisions.all_kept, decisions.all_undecided])
def test_each_decision_is_taken_back_in_turn_to_the_first(key: object) -> None:
    assert callable(key)
    first = group(UNDECIDED, DROP, KEEP)
    second = decisions.decided(first, key(first))
    third = decisions.decided(second, decisions.all_undecided(second))
    history = History().with_step(Step(first)).with_step(Step(second, remembered=True))
    step, history = history.back()
    assert step is not None
    assert step.remembered
    again = decisions.decided(third, decisions.restoring(step, third))
    assert again == second
    step, history = history.back()
    assert step is not None
    assert decisions.decided(again, decisions.restoring(step, again)) == first
    assert history.back() == (None, history)


def test_decisions_by_hand_go_over_to_another_plan_but_never_drop_the_last_copy() -> None:
    made = group(KEEP, DROP, DROP)
    by_hand = [Member(b"/0", DROP), Member(b"/1", KEEP), Member(b"/7", DROP)]
    assert after(made, decisions.carried(by_hand, made)) == [DROP, KEEP, DROP]
    assert decisions.carried([Member(b"/0", DROP)], made) == ()
