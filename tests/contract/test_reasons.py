"""Every reason of the engine for which a file stays, is left out or is left has a phrase for people."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sanchay import reasons

CRATES = Path(__file__).resolve().parents[2] / "engine" / "crates"
SOURCES = (
    "sanchay-act/src/refusal.rs",
    *(f"sanchay-engine/src/dedupe/{name}.rs" for name in ("rules", "group", "whereabouts", "site")),
)


def words(source: str) -> set[str]:
    """The words in quotes of a module, without those of its tests."""
    code = (CRATES / source).read_text("utf-8").partition("#[cfg(test)]")[0]
    return set(re.findall(r'(?<!b)"([a-z]+(?:-[a-z]+)*)"', code))


@pytest.mark.parametrize("source", SOURCES)
def test_every_reason_has_a_phrase(source: str) -> None:
    found = words(source)
    assert len(found) >= 4
    assert found - reasons.PHRASES.keys() == set()


#: Where the engine gives a reason beside other words: to a run, for an act that it settles, and for an edit.
GIVEN = r'(?:Why::word\(|ActState::Left[^"\n]*|else \{ |Some\(|BY_HAND: &str = )"([a-z]+(?:-[a-z]+)*)"'


def test_every_reason_of_a_run_has_a_phrase() -> None:
    engine = CRATES / "sanchay-engine" / "src"
    files = [file for file in (engine / "acting").glob("*.rs") if file.stem != "tests"] + [
        engine / "engine" / "plan_groups.rs"
    ]
    found = {word for file in files for word in re.findall(GIVEN, file.read_text("utf-8"))}
    assert {"stopped", "no-twin", "interrupted", "gone", "by-hand"} <= found
    assert found - reasons.PHRASES.keys() == set()


def test_phrases_are_plain_and_differ() -> None:
    assert len(set(reasons.PHRASES.values())) == len(reasons.PHRASES)
    assert all(text[0].islower() and text[-1] not in ".!" for text in reasons.PHRASES.values())
    assert reasons.phrase("kept-busy") == "of the copy that stays: open for writing in another program"
    assert reasons.phrase("of-the-future") == "of the future"
