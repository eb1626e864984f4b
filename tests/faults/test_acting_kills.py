"""kill -9 of the daemon at random moments of a run and of an undo: settled, gone on with, and nothing lost."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sanchay.client import Client
from tests.support import trees
from tests.support.answers import finished
from tests.support.clearing import ACTIONS, Clearing
from tests.support.daemon import DaemonProcess

#: Kills of a run, and as many of an undo, for each action.
KILLS = int(os.environ.get("SANCHAY_TEST_ACT_KILLS", "2"))
#: Where none met a run or an undo under way there are more of them.
KILLS_MOST = 5 * KILLS
SEED = int(os.environ.get("SANCHAY_TEST_SEED", str(random.randrange(1 << 30))))
GROUPS = 100


def copies(tree: Path, chance: random.Random) -> Path:
    """Groups of two and three copies, each file with its own mode, owner and time."""
    for number in range(GROUPS):
        names = [f"{half}/{number // 50}/{number}.txt" for half in "abc"[: chance.choice((2, 3))]]
        content = f"content {number}" * chance.choice((1, 50, 900))
        trees.build(tree, dict.fromkeys(names, content))
        for name in names:
            path = tree / name
            if os.geteuid() == 0:
                os.chown(path, chance.choice((0, 65534)), -1)
            os.chmod(path, chance.choice((0o600, 0o644, 0o640)))
            os.utime(path, ns=(10**18, chance.randrange(10**18)))
    return tree


@pytest.mark.timeout(60 + 15 * KILLS_MOST)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_run_and_an_undo_that_are_killed_are_settled_and_go_on(tmp_path: Path, action: str) -> None:
    chance = random.Random(f"{SEED} {action}")
    clearing = Clearing(copies(tmp_path / "tree", chance), tmp_path / "data" / "Trash")
    home, env = tmp_path / "home", {"XDG_DATA_HOME": str(tmp_path / "data")}

    def killed(daemon: DaemonProcess, client: Client, job_id: int, whole_s: float) -> bool:
        """Kills the daemon at some moment of a job; whether it was under way."""
        time.sleep(chance.random() * whole_s)
        under_way = client.get_job(job_id).job.state in {"queued", "running"}
        daemon.kill()
        clearing.assert_nothing_lost()
        return under_way

    met, run_s, undo_s = 0, 0.0, 0.0
    for number in range(KILLS_MOST):
        if number >= KILLS and met:
            break
        with DaemonProcess(home, env=env) as daemon, daemon.client() as client:
            if number:
                clearing.comes_back(client)
            clearing.make_plan(client, action)
            if not number:  # once as it is due, to know how long it takes
                run_s, undo_s = timed(lambda: clearing.run(client)), timed(lambda: clearing.undo(client))
                clearing.make_plan(client, action)
            met += killed(daemon, client, clearing.start_run(client), run_s)
        with DaemonProcess(home, env=env) as daemon, daemon.client() as client:
            clearing.goes_on(client)
            for run in clearing.runs_to_undo(client)[1:]:
                finished(client, client.start_undo(run).job_id)
            (run,) = clearing.runs_to_undo(client)
            met += killed(daemon, client, client.start_undo(run).job_id, undo_s)
    with DaemonProcess(home, env=env) as daemon, daemon.client() as client:
        clearing.comes_back(client)
    assert met, f"no kill met a run or an undo under way: SANCHAY_TEST_SEED={SEED}"


def timed(work: Callable[[], object]) -> float:
    """How many seconds it takes."""
    began_s = time.monotonic()
    work()
    return time.monotonic() - began_s
