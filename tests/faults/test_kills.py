"""kill -9 again and again in one home, while the tree changes: the catalog ends equal to a fresh one."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sanchay.client import Client
from sanchay_engine import Catalog
from tests.support import trees
from tests.support.answers import differences, everything, scan
from tests.support.daemon import REPOSITORY, DaemonProcess, environment
from tests.support.program import until

KILLS = int(os.environ.get("SANCHAY_TEST_KILLS", "20"))
SEED = int(os.environ.get("SANCHAY_TEST_SEED", str(random.randrange(1 << 30))))
#: What makes a scan long enough to be met: it is in the background, where its pace is limited.
LARGE_FILES, LARGE_BYTES = 24, 8 << 20
SLOWLY = ("--set", "max_mb_per_s=250")


@pytest.mark.timeout(60 + 10 * KILLS)
def test_a_home_that_is_killed_again_and_again_ends_equal_to_a_fresh_one(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    tree = trees.many(tmp_path / "tree", 8_000, per_folder=200)
    large = [tree / "large" / str(number) for number in range(LARGE_FILES)]
    large[0].parent.mkdir()
    for path in large:
        path.write_bytes(chance.randbytes(LARGE_BYTES))
    home = tmp_path / "home"
    inside = 0
    for _ in range(KILLS):
        with DaemonProcess(home, *SLOWLY) as daemon, daemon.client() as client:
            job = client.start_scan([tree], background=True).jobs[0]  # joins the scan that the last kill interrupted
            inside += is_under_way(client, job.id, chance)
            daemon.kill()
        edit(tree, chance)
        for path in large:
            os.utime(path)  # to be read again, so that the next scan takes a while
    assert inside >= KILLS / 2, f"only {inside} of {KILLS} kills met a scan under way: SANCHAY_TEST_SEED={SEED}"
    with DaemonProcess(home) as daemon, daemon.client() as client:
        jobs = client.list_jobs(active_only=True).jobs
        for job in jobs:
            list(client.follow_job(job.id))
        assert scan(client, tree).state == "done"
        survived = everything(client)
        assert not list(home.glob("*.damaged*"))
    with DaemonProcess(tmp_path / "fresh") as daemon, daemon.client() as client:
        scan(client, tree)
        assert not differences(survived, everything(client)), f"SANCHAY_TEST_SEED={SEED}"


def is_under_way(client: Client, job_id: int, chance: random.Random) -> bool:
    """Lets the scan come to some point between its start and its end, and says whether it is still under way."""
    bytes_due = chance.choice([0, chance.randrange(LARGE_FILES * LARGE_BYTES)])
    time.sleep(chance.random() * 0.03)
    while True:
        job = client.get_job(job_id).job
        if job.state not in {"queued", "running"} or job.progress.hashed_bytes >= bytes_due:
            return job.state in {"queued", "running"}


def edit(tree: Path, chance: random.Random) -> None:
    """Some changes: files made again, rewritten, copied, renamed and deleted, and a folder moved."""
    folders = sorted(folder for folder in tree.iterdir() if folder.name != "large")
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


GROWING = """
import os, sys, time
from sanchay_engine import Catalog, RootSpec
home, tree = (os.fsencode(path) for path in sys.argv[1:])
catalog = Catalog.open(os.path.join(home, b"catalog.db"))
catalog.put_root(RootSpec(1, tree))
catalog.scan(1).wait()
print("scanned", flush=True)
time.sleep(60)
"""


def test_the_wal_that_a_kill_left_is_shortened_soon_after_the_next_start(tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {f"{number % 40}/{number}": f"{number}" for number in range(2_000)})
    home = tmp_path / "home"
    home.mkdir()
    command = [sys.executable, "-c", GROWING, str(home), str(tree)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(home), cwd=REPOSITORY) as grown:
        assert grown.stdout is not None
        assert grown.stdout.readline() == b"scanned\n"
        grown.kill()
    wal = home / "catalog.db-wal"
    assert wal.stat().st_size > 0
    catalog = Catalog.open(os.fsencode(home / "catalog.db"))
    try:
        until(lambda: wal.stat().st_size == 0, every_s=0.1)
        assert catalog.find("", limit=1).total == 2_000
    finally:
        catalog.close()
