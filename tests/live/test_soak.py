"""The soak, short: one fault of each kind. `python -m tests.live.soak` is the long one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.live.soak import MIB, Plan, soak
from tests.support.daemon import PATIENCE_S


@pytest.mark.slow
@pytest.mark.needs("root", "/dev/fuse", "fusermount3", "mount", "mkfs.ext4")
def test_a_daemon_that_is_left_on_bears_every_fault(tmp_path: Path) -> None:
    pytest.importorskip("mfusepy")
    seed = int(os.environ.get("SANCHAY_TEST_SEED", "1"))
    # A shared machine's time is no one's promise: what a run takes is judged by the long one alone.
    plan = Plan(
        seconds=12.0,
        fault_every_s=2.0,
        fault_s=1.0,
        overflow_files=20_000,
        seed=seed,
        status_p99_s=60.0,
        settled_s=PATIENCE_S,
        wal_bytes=64 * MIB,
    )
    outcome = soak(plan, tmp_path / "soak")
    assert not outcome.complaints, outcome.lines
