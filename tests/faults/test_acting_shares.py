"""A share that fails or hangs in a run or an undo: nothing is lost, and no one else waits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from sanchay.client import Client
from sanchay.errors import Busy
from sanchay.launcher import wait_stopped
from tests.support import mounts, trees
from tests.support.answers import finished
from tests.support.clearing import Clearing, said
from tests.support.daemon import PATIENCE_S, DaemonProcess
from tests.support.program import until

FILES = 12
pytestmark = pytest.mark.needs("root", "/dev/fuse", "fusermount3")


class Shared(NamedTuple):
    """A daemon, files whose kept copies are on a share, and what makes that fail."""

    daemon: DaemonProcess
    client: Client
    clearing: Clearing
    switch: Path


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Shared]:
    """Copies on a share, whose trash is on it, too."""
    pytest.importorskip("mfusepy")
    switch, shown = tmp_path / "switch", tmp_path / "shown"
    trees.build(shown / "tree", {f"{half}/{number}": f"{number}" * 9_000 for half in "ab" for number in range(FILES)})
    env = {"XDG_DATA_HOME": str(tmp_path / "data"), "SANCHAY_WATCH": "off"}
    with (
        mounts.hanging(tmp_path / "share", shown, switch) as share,
        DaemonProcess(tmp_path / "home", env=env) as daemon,
    ):
        with daemon.client() as client:
            yield Shared(daemon, client, Clearing(share / "tree", share / ".Trash-0"), switch)
        switch.unlink(missing_ok=True)


@pytest.mark.parametrize("action", ["trash", "delete"])
def test_a_read_that_fails_in_the_middle_leaves_its_copy_and_the_others_go(shared: Shared, action: str) -> None:
    client, clearing = shared.client, shared.clearing
    clearing.make_plan(client, action)
    shared.switch.write_text("torn /tree/a/0\ntorn /tree/b/1\n")
    ran = clearing.run(client)
    assert {error.kind for error in client.get_job(ran.id).job.errors} <= {"io", "kept-io"}, said(client, ran)
    assert ran.dedupe.acted == FILES - 2
    shared.switch.unlink()
    clearing.assert_settled(client)
    clearing.goes_on(client)
    shared.switch.write_text("torn /tree/a/0\ntorn /tree/b/0\n")
    clearing.undo(client)
    shared.switch.unlink()
    clearing.assert_settled(client)
    clearing.comes_back(client)


@pytest.mark.parametrize("kind", ["run", "undo"])
def test_a_share_that_hangs_can_be_given_up_and_no_one_else_waits(shared: Shared, kind: str) -> None:
    client, clearing = shared.client, shared.clearing
    clearing.make_plan(client, "delete")
    if kind == "undo":
        clearing.goes_on(client)
    shared.switch.write_text("hang /tree/a\n")
    job_id = clearing.start_run(client) if kind == "run" else client.start_undo(clearing.runs_to_undo(client)[0]).job_id
    until(lambda: client.get_job(job_id).job.state == "running")
    assert client.status().pid == shared.daemon.pid
    client.cancel_job(job_id)
    job = finished(client, job_id)
    assert job.state == "cancelled", said(client, job)
    assert client.status().pid == shared.daemon.pid
    shared.switch.unlink()
    clearing.assert_nothing_lost()

    def is_all_done() -> bool:
        try:
            return clearing.run(client).state == "done" if kind == "run" else not clearing.undo(client)
        except Busy:  # what was cancelled is on its way out
            return False

    until(is_all_done)
    clearing.comes_back(client)


def test_a_daemon_that_is_stopped_while_a_share_hangs_in_a_run_ends(shared: Shared) -> None:
    shared.clearing.make_plan(shared.client, "delete")
    shared.switch.write_text("hang /tree/a\n")
    job_id = shared.clearing.start_run(shared.client)
    until(lambda: shared.client.get_job(job_id).job.state == "running")
    shared.client.stop_daemon()
    assert wait_stopped(shared.daemon.where, PATIENCE_S)
    shared.switch.unlink()
    shared.clearing.assert_nothing_lost()
