"""A second user with everything that a second user can do gets nothing, and ends nothing."""

from __future__ import annotations

import os

import pytest

from tests.strangers.starts import run
from tests.support.daemon import engine_missing

STARTS = int(os.environ.get("SANCHAY_TEST_STARTS", "4"))


@pytest.mark.needs("root", "/proc")
@pytest.mark.skipif(engine_missing(), reason="the engine is not built")
def test_a_second_user_gets_no_token_file_row_or_kill_and_shuts_nobody_out() -> None:
    tally = run(STARTS, seed=3)
    assert tally.harm == []
    assert tally.got["call"] + tally.got["flood"] > 0, "the second user was answered, and told nothing"
