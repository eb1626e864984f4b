"""kill -9 again and again in one home, while the tree changes: the catalog ends equal to a fresh one."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.support import trees
from tests.support.answers import everything, scan
from tests.support.daemon import DaemonProcess

KILLS = int(os.environ.get("SANCHAY_TEST_KILLS", "20"))
SEED = int(os.environ.get("SANCHAY_TEST_SEED", str(random.randrange(1 << 30))))


@pytest.mark.timeout(60 + 10 * KILLS)
def test_a_home_that_is_killed_again_and_again_ends_equal_to_a_fresh_one(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    tree = trees.many(tmp_path / "tree", 8_000, per_folder=200)
    home = tmp_path / "home"
    for _ in range(KILLS):
        with DaemonProcess(home) as daemon, daemon.client() as client:
            client.start_scan([tree])  # joins the scan that the last kill interrupted
            time.sleep(chance.random() ** 2 * 0.3)
            daemon.kill()
        edit(tree, chance)
    with DaemonProcess(home) as daemon, daemon.client() as client:
        jobs = client.list_jobs(active_only=True).jobs
        for job in jobs:
            list(client.follow_job(job.id))
        assert scan(client, tree).state == "done"
        survived = everything(client)
        assert not list(home.glob("*.damaged*"))
    with DaemonProcess(tmp_path / "fresh") as daemon, daemon.client() as client:
        scan(client, tree)
        assert survived == everything(client), f"SANCHAY_TEST_SEED={SEED}"


def edit(tree: Path, chance: random.Random) -> None:
    """Some changes: files made anew, rewritten, copied, renamed and deleted, and a folder moved."""
    folders = sorted(tree.iterdir())
    for folder in chance.sample(folders, 4):
        files = sorted(file for file in folder.iterdir() if file.is_file())
        for file in chance.sample(files, min(10, len(files))):
            kind = chance.randrange(4)
            if kind == 0:
                file.write_bytes(chance.randbytes(50))
            elif kind == 1:
                file.unlink()
            elif kind == 2:
                (chance.choice(folders) / f"copy{chance.randrange(1 << 30)}").write_bytes(file.read_bytes())
            else:
                file.rename(file.with_name(f"renamed{chance.randrange(1 << 30)}"))
    moved = chance.choice(folders)
    moved.rename(tree / f"moved{chance.randrange(1 << 30)}")
