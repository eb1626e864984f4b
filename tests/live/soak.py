"""Leaves a daemon on under everything at once: `python -m tests.live.soak --minutes 15`. Needs root.

Two folders are edited at random, a third one is polled; a schedule runs each second; a client connects and dies every
200 ms; every 20 s there is a fault: a full disk, EIO, an overflow of the watch's queue, a root that goes and comes
back. At the end the catalog must be what the disk is, and the daemon must cost what it did at the beginning. Whatever
is not so is printed, with the seed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sanchay.client import Client
from sanchay.errors import SanchayError
from sanchay.v1 import root_pb2
from tests.live.folders import Edited, differences, fill
from tests.live.measures import Sample, StatusClock, growth_bytes, sample
from tests.support import mounts, trees
from tests.support.daemon import PATIENCE_S, DaemonProcess, environment
from tests.support.program import Program, until

MIB = 1 << 20
CLIENT_EVERY_S = 0.2
#: The writer and four readers that are kept, each with the file and its WAL, the file that they share, one in use, the
#: lock beside it and the descriptor that claims it; and one that SQLite keeps for its next connection, because to close
#: it would end the locks of the others.
READERS_MOST = 16
KILLED_EVERY = 25  # of the clients that come and go, so many are processes that are killed


@dataclass(frozen=True)
class Plan:
    """How long, how hard, and what must hold at the end."""

    seconds: float = 900.0
    fault_every_s: float = 20.0
    fault_s: float = 5.0
    edits_per_s: float = 30.0
    overflow_files: int = 40_000
    seed: int = 0
    rss_growth_bytes: int = 1 * MIB
    rss_over_s: float = 600.0
    status_p99_s: float = 0.25
    settled_s: float = 30.0
    wal_bytes: int = 64 * MIB


@dataclass
class Outcome:
    """What was seen, and what should not have been."""

    lines: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """A line for the person who looks on."""
        self.lines.append(text)
        print(text, flush=True)

    def check(self, holds: bool, text: str) -> None:
        """A measure; a complaint where it does not hold."""
        self.say(f"{'ok  ' if holds else 'FAIL'} {text}")
        if not holds:
            self.complaints.append(text)


class Soak:
    """One run in `base`, over the mounts that `run` makes."""

    def __init__(self, plan: Plan, base: Path, outcome: Outcome) -> None:
        self.plan = plan
        self.base = base
        self.outcome = outcome
        self.chance = random.Random(plan.seed)
        self.database = base / "database"
        self.image = base / "disk.img"
        self.disk = base / "disk"
        self.switch = base / "fail now"
        self.shaky = base / "shaky"
        self.work = Edited("work", base / "work", base / "outside", plan.seed, plan.edits_per_s)
        self.usb = Edited("usb", self.disk / "usb", self.disk / "outside", plan.seed + 1, plan.edits_per_s)
        self.samples: list[Sample] = []
        self.clients = 0

    def run(self) -> None:
        """Builds the folders, runs the daemon over them, and looks at what came of it."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(mounts.memory(self.database, "256m"))
            stack.enter_context(mounts.disk(self.image, self.disk, mib=128))
            stack.enter_context(mounts.failing(self.shaky, self.switch))
            for folder in (self.work.folder, self.usb.folder):
                trees.many(folder, 500, per_folder=50)
            env = {"SANCHAY_DATABASE_PATH": str(self.database / "catalog.db")}
            daemon = stack.enter_context(DaemonProcess(self.base / "home", env=env))
            client = stack.enter_context(daemon.client(timeout_s=PATIENCE_S))
            self._add_roots(client)
            self._warm_up(daemon)
            baseline = self._sample(daemon)
            self._schedule(daemon)
            stop = threading.Event()
            try:
                with StatusClock(client) as clock:
                    threads = [threading.Thread(target=self._come_and_go, args=(daemon, stop), daemon=True)]
                    threads[0].start()
                    for edited in (self.work, self.usb):
                        edited.start()
                    self._faults(daemon, client, clock)
                    for edited in (self.work, self.usb):
                        edited.stop()
                    stop.set()
                    threads[0].join(PATIENCE_S)
                self._judge(daemon, client, clock, baseline)
            finally:
                stop.set()
                self.work.stop()
                self.usb.stop()

    def _add_roots(self, client: Client) -> None:
        for name, folder in (("work", self.work.folder), ("usb", self.usb.folder)):
            added = client.add_root(folder, name=name, algorithm="sha256")
            list(client.follow_job(added.job_id))
        added = client.add_root(self.shaky, name="shaky", algorithm="sha256", watch="poll", poll_s=2)
        list(client.follow_job(added.job_id))
        until(lambda: all(root.live.state in {"live", "polled"} for root in client.status().roots))
        for root in client.status().roots:
            self.outcome.say(f"     {root.name}: {root.live.mode}, {root.live.because}")

    def _warm_up(self, daemon: DaemonProcess) -> None:
        """Every thread that the daemon keeps has begun, so that the baseline has them."""
        with ThreadPoolExecutor(32) as threads, daemon.client() as client:
            for _ in threads.map(lambda _: client.find("f").total, range(200)):
                pass
            for _ in threads.map(lambda _: client.status(), range(100)):
                pass

    def _schedule(self, daemon: DaemonProcess) -> None:
        program = Program(daemon.home)
        if "schedule" not in program.run("--help").text:
            self.outcome.say("     no schedules in this version")
            return
        program.json("schedule", "add", "tick", "--every", "1s", "scan", "work")

    def _sample(self, daemon: DaemonProcess) -> Sample:
        return sample(daemon.pid, self.database / "catalog.db")

    def _faults(self, daemon: DaemonProcess, client: Client, clock: StatusClock) -> None:
        faults: list[Callable[[DaemonProcess, Client, StatusClock], None]] = [
            self._full_disk, self._eio, self._overflow, self._offline,
        ]  # fmt: skip
        end_s = time.monotonic() + self.plan.seconds
        for fault in itertools.cycle(faults):
            next_s = time.monotonic() + self.plan.fault_every_s
            while time.monotonic() < min(next_s, end_s):
                time.sleep(min(1.0, self.plan.fault_every_s / 4))
                self.samples.append(self._sample(daemon))
            if time.monotonic() >= end_s:
                return
            self.outcome.say(f"     {time.strftime('%H:%M:%S')} {fault.__name__[1:].replace('_', ' ')}")
            fault(daemon, client, clock)

    def _full_disk(self, daemon: DaemonProcess, client: Client, clock: StatusClock) -> None:
        ballast = fill(self.database)
        time.sleep(self.plan.fault_s)
        client.find("f")  # it still answers
        ballast.unlink()

    def _eio(self, daemon: DaemonProcess, client: Client, clock: StatusClock) -> None:
        self.switch.touch()
        state = client.sync_root("shaky", timeout_s=PATIENCE_S).state
        self.outcome.check(state == "partial", f"a root that fails to be listed is {state}")
        self.switch.unlink()

    def _overflow(self, daemon: DaemonProcess, client: Client, clock: StatusClock) -> None:
        burst = self.work.folder / "burst"
        with self.work.still():
            burst.mkdir()
            client.sync_root("work", timeout_s=PATIENCE_S)
            clock.pause()
            os.kill(daemon.pid, signal.SIGSTOP)
            try:
                for number in range(self.plan.overflow_files):  # into a folder that is watched already
                    (burst / f"{number}").write_bytes(b"%d" % number)
            finally:
                os.kill(daemon.pid, signal.SIGCONT)
            time.sleep(1.0)
            clock.resume()
            shutil.rmtree(burst)

    def _offline(self, daemon: DaemonProcess, client: Client, clock: StatusClock) -> None:
        with self.usb.still():
            client.sync_root("usb", timeout_s=PATIENCE_S)
            known = client.find("root:usb").total
            mounts.unmount(self.disk)
            until(lambda: self._root(client, "usb").state == "offline")
            kept = client.find("root:usb").total
            self.outcome.check(0 < kept == known, f"rows of an absent root are kept ({kept} of {known})")
            time.sleep(self.plan.fault_s)
            mounts.mount_disk(self.image, self.disk)

    def _root(self, client: Client, name: str) -> root_pb2.Root:
        return next(root for root in client.status().roots if root.name == name)

    def _come_and_go(self, daemon: DaemonProcess, stop: threading.Event) -> None:
        code = "from sanchay.client import Client\nfor _ in Client().events(follow=True):\n    pass\n"
        while not stop.wait(CLIENT_EVERY_S):
            self.clients += 1
            if self.clients % KILLED_EVERY == 0:
                with subprocess.Popen([sys.executable, "-c", code], env=environment(daemon.home)) as reader:
                    time.sleep(0.3)
                    reader.kill()
                continue
            with contextlib.suppress(SanchayError):
                client = daemon.client(timeout_s=20)
                events = client.events(follow=True)
                next(events, None)
                client.find("f", limit=5)
                client.close()  # in the middle of the stream

    def _judge(self, daemon: DaemonProcess, client: Client, clock: StatusClock, baseline: Sample) -> None:
        plan, check = self.plan, self.outcome.check
        for edited in (self.work, self.usb):
            check(edited.failure is None, f"{edited.edits} edits of {edited.name} ({edited.failure or 'no failure'})")
        check(clock.failure is None, f"{len(clock.seconds)} answers of status ({clock.failure or 'no failure'})")
        began_s = time.monotonic()
        folders = {"work": self.work.folder, "usb": self.usb.folder, "shaky": self.shaky}
        left: dict[str, list[str]] = {}
        for name, folder in folders.items():
            left[name] = _until_equal(client, name, folder, plan.settled_s - (time.monotonic() - began_s))
        for name, found in left.items():
            check(not found, f"{name} is as the disk is ({len(found)} differences) {found[:5]}")
        self.outcome.say(f"     equal {time.monotonic() - began_s:.1f} s after the last edit; {self.clients} clients")
        after = self._settled_sample(daemon, baseline)
        watched = (self.work.folder, self.usb.folder)
        # Of the folders above a root the daemon hears when they are moved.
        above = {parent for folder in watched for parent in folder.resolve().parents if parent != parent.parent}
        folders_watched = len(above) + sum(sum(1 for _ in os.walk(folder)) for folder in watched)
        check(after.descriptors <= baseline.descriptors + 3, f"descriptors {baseline.descriptors}, {after.descriptors}")
        check(after.readers <= READERS_MOST, f"descriptors of the catalog {baseline.readers}, {after.readers}")
        check(after.threads <= baseline.threads + 2, f"threads {baseline.threads}, {after.threads}")
        check(
            folders_watched <= after.watches <= folders_watched + 3,
            f"watches {baseline.watches}, {after.watches}; folders {folders_watched}",
        )
        check(clock.p99_s() <= plan.status_p99_s, f"status p99 {clock.p99_s() * 1000:.0f} ms")
        wal_bytes = max(each.wal_bytes for each in self.samples)
        check(wal_bytes <= plan.wal_bytes, f"WAL at most {wal_bytes / MIB:.1f} MiB")
        grown = growth_bytes(self.samples, plan.rss_over_s)
        if grown is None:
            self.outcome.say(f"     memory's growth is not judged: the run was shorter than {plan.rss_over_s:.0f} s")
        else:
            check(grown <= plan.rss_growth_bytes, f"memory grew by {grown / MIB:.2f} MiB over {plan.rss_over_s:.0f} s")
        peak = max(each.rss_bytes for each in self.samples)
        self.outcome.say(f"     memory {baseline.rss_bytes / MIB:.1f} MiB, at most {peak / MIB:.1f} MiB")
        for root in client.status().roots:
            self.outcome.say(f"     {root.name}: {root.live.events} events, {root.live.overflows} overflows")

    def _settled_sample(self, daemon: DaemonProcess, baseline: Sample) -> Sample:
        """A look once what clients left has been cleared away, or after a while."""
        deadline_s = time.monotonic() + 20
        while True:
            now = self._sample(daemon)
            settled = now.descriptors <= baseline.descriptors + 3 and now.threads <= baseline.threads + 2
            if (settled and now.readers <= READERS_MOST) or time.monotonic() > deadline_s:
                return now
            time.sleep(0.5)


def _until_equal(client: Client, name: str, folder: Path, limit_s: float) -> list[str]:
    """What still differs when the time is over."""
    deadline_s = time.monotonic() + max(limit_s, 1.0)
    while True:
        with contextlib.suppress(SanchayError):  # a root that is just coming back
            client.sync_root(name, timeout_s=max(deadline_s - time.monotonic(), 1.0))
        found = differences(client, name, folder)
        if not found or time.monotonic() > deadline_s:
            return found
        time.sleep(0.5)


@contextlib.contextmanager
def _base(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="sanchay-soak-") as made:
            yield Path(made)


def soak(plan: Plan, folder: Path | None = None) -> Outcome:
    """A whole run."""
    outcome = Outcome()
    outcome.say(f"     seed {plan.seed}, {plan.seconds:.0f} s")
    with _base(folder) as base:
        Soak(plan, base, outcome).run()
    return outcome


def main() -> int:
    """0: everything held."""
    parser = argparse.ArgumentParser(description="Leaves a daemon on under everything at once.")
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--folder", type=Path, help="where the folders and the home are made, and left")
    options = parser.parse_args()
    outcome = soak(Plan(seconds=options.minutes * 60, seed=options.seed), options.folder)
    for complaint in outcome.complaints:
        print(f"seed {options.seed}: {complaint}", file=sys.stderr)
    return 1 if outcome.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
