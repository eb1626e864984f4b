"""What a cause for attention is called, in the language that is spoken and without the system's own words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sanchay.v1 import common_pb2, daemon_pb2
from sanchay_tray import cause_words, model, words
from tests.support.scripted_daemon import root, status


@pytest.fixture
def hindi() -> Iterator[None]:
    words.speak("hi")
    yield
    words.speak("en")


def gone(why: str = "No such file or directory (os error 2)") -> daemon_pb2.GetStatusResponse:
    """A root that is not there."""
    fresh = common_pb2.Freshness(
        reason=f"/data/Videos does not exist ({why})",
        reason_words=common_pb2.Words(code="does-not-exist", values={"path": "/data/Videos", "why": why}),
    )
    return status(root(1, "Videos", state="offline", freshness=fresh))


def reason(now: daemon_pb2.GetStatusResponse) -> str:
    (cause,) = model.causes(model.told(model.State(), model.Reached(now, ())))
    return cause_words.told(cause).more


def test_the_systems_own_words_are_left_out_where_the_sentence_says_the_same() -> None:
    assert reason(gone()) == "/data/Videos does not exist"
    assert reason(gone("Input/output error (os error 5)")) == "/data/Videos does not exist (Input/output error)"


@pytest.mark.usefixtures("hindi")
def test_a_reason_is_said_in_the_language_that_is_spoken() -> None:
    said = reason(gone())
    assert said.startswith("/data/Videos ")
    assert "does not exist" not in said


def test_a_reason_without_words_is_said_as_it_is() -> None:
    now = status(config_error="config.toml, line 3: what is this?")
    (cause,) = model.causes(model.told(model.State(), model.Reached(now, ())))
    assert cause_words.told(cause).more == "config.toml, line 3: what is this?"
