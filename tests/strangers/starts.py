"""Starts a daemon again and again beside a second user who does what a second user can do.

`python -m tests.strangers.starts --starts 200 --seed 7` prints what that user got (it must be nothing), and how long
the owner's `status` took; Ctrl-C ends it with what is known by then. Needs root, to be two users.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sanchay import address
from sanchay.address import places
from sanchay.client import Client
from sanchay.errors import DaemonUnavailable, SanchayError
from sanchay.launcher import running_daemon
from sanchayd.rpc import certificate
from tests.support.daemon import PATIENCE_S, DaemonProcess
from tests.support.program import Program, running

STRANGER = 65534
QUESTIONS = 10
KINDS = ["silent", "half", "garbage", "body", "preface", "bad tls"]


class Stranger:
    """The second user's program."""

    def __init__(self, uid: int = STRANGER) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("second_user.py")), str(uid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd="/",
            text=True,
        )

    def does(self, act: str, **more: Any) -> None:
        """Returns once the act is under way."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": act, **more}) + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "begun\n"

    def ends(self) -> dict[str, Any]:
        """What it got to see."""
        answer: dict[str, Any] = json.loads(self._process.communicate(timeout=PATIENCE_S)[0])
        return answer

    def __enter__(self) -> Stranger:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass
class Tally:
    """What came of all starts."""

    starts: int = 0
    kills: int = 0
    secrets: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    got: dict[str, int] = field(default_factory=dict)
    status_s: list[float] = field(default_factory=list)
    program_s: list[float] = field(default_factory=list)

    @property
    def harm(self) -> list[str]:
        """What must not be."""
        return [*self.secrets, *self.written, *self.refused, *(["a daemon was ended"] * self.kills)]


@dataclass(frozen=True)
class Scene:
    """One start: where, and what is drawn for it."""

    folder: Path
    home: Path
    root: Path
    secret: str
    tcp: bool
    tight: bool
    metrics_port: int
    dice: random.Random

    @property
    def environ(self) -> dict[str, str]:
        """The settings of this start."""
        return {
            **({"SANCHAY_TCP": "1"} if self.tcp else {}),
            **({"SANCHAY_METRICS_LISTEN": f"127.0.0.1:{self.metrics_port}"} if self.metrics_port else {}),
        }


def one_start(scene: Scene, tally: Tally) -> None:
    """A start, an attack, perhaps a kill and a second start."""
    where = places(scene.home)
    pem = scene.folder / "stranger.pem"
    identity = certificate.make()
    pem.write_bytes(identity.key + identity.certificate)
    pem.chmod(0o644)
    tally.starts += 1
    with Stranger() as stranger:
        _squats(scene, stranger)
        with _started(scene) as daemon:
            scanned(daemon, scene)
            attack(scene, daemon, stranger, pem)
            ask(daemon, scene, tally)
            tally.kills += daemon.process.poll() is not None
            port = _port(daemon)
            if scene.dice.random() < 0.5:
                daemon.kill()
                if port:
                    stranger.does("listen", port=port, pem=str(pem))
                _asks_in_vain(daemon, tally)
                with _started(scene) as again:
                    stranger.does("secrets", words=[where.token_file.read_text()])
                    stranger.does("read_everything", folders=[str(scene.folder)], pids=[again.pid])
                    ask(again, scene, tally)
                    tally.kills += again.process.poll() is not None
        answer = stranger.ends()
    tally.secrets += answer["secrets"]
    for act, count in answer["got"].items():
        tally.got[act] = tally.got.get(act, 0) + count
    if answer["got"].get("write"):
        tally.written.append(f"{scene.folder}: {answer['got']}")


def _squats(scene: Scene, stranger: Stranger) -> None:
    """Names that a daemon may come to want, taken before it starts."""
    how = scene.dice.choice(["folder", "symlink", "file", ""])
    if how:
        wanted = address.socket_path(places(scene.home)).parent
        if wanted.parent != scene.home:
            stranger.does("squat", path=str(wanted), how=how, target=str(scene.root))
        for name in ("home", "sanchay", "run", "sanchayd.lock"):
            stranger.does("squat", path=str(scene.folder / name), how=how, target=str(scene.root))


def attack(scene: Scene, daemon: DaemonProcess, stranger: Stranger, pem: Path) -> None:
    """What is drawn of what a second user can do."""
    where, port = daemon.where, _port(daemon)
    stranger.does("secrets", words=[where.token_file.read_text(), scene.secret])
    stranger.does("read_everything", folders=[str(scene.folder), f"/proc/{daemon.pid}/root"], pids=[daemon.pid])
    sockets = [] if port else [address.recorded_socket(where)]
    stranger.does(
        "tear", paths=[str(each) for each in (scene.home, where.run_folder, *sockets, *(s.parent for s in sockets))]
    )
    most = scene.dice.choice([600, 1500])
    if port and scene.dice.random() < 0.8:
        stranger.does("flood", port=port, most=most, kinds=scene.dice.sample(KINDS, 3))
    if scene.metrics_port:
        stranger.does("hold_metrics", port=scene.metrics_port, most=600)
    stranger.does("call", port=port, path=str(sockets[0]) if sockets else "", pem=str(pem))


def ask(daemon: DaemonProcess, scene: Scene, tally: Tally) -> None:
    """The owner asks, each time by a new connection, and once by the whole program."""
    for _ in range(QUESTIONS):
        begun_s = time.perf_counter()
        # A place at the port that was free a moment ago may be taken by the call: the second try goes by the socket.
        for last in (False, True):
            try:
                with daemon.client() as client:
                    assert client.status().pid == daemon.pid
                break
            except SanchayError as error:
                if last:
                    tally.refused.append(f"{scene.environ} tight={scene.tight}: {error}")
        tally.status_s.append(time.perf_counter() - begun_s)
    begun_s = time.perf_counter()
    answer = Program(scene.home).run("status")
    tally.program_s.append(time.perf_counter() - begun_s)
    if answer.code != 0:
        tally.refused.append(f"sanchayctl status: {answer.code} {answer.err}")


def scanned(daemon: DaemonProcess, scene: Scene) -> None:
    """A row that is no one else's business."""
    with daemon.client() as client:
        client.add_root(scene.root)
        for job in client.start_scan([]).jobs:
            for _ in client.follow_job(job.id):
                pass
        assert client.find(scene.secret).rows, "there is a row to be stolen"


def _asks_in_vain(daemon: DaemonProcess, tally: Tally) -> None:
    if running_daemon(daemon.where) is not None:
        tally.refused.append("something answered in the place of a killed daemon")
    with contextlib.suppress(DaemonUnavailable), Client(daemon.where, timeout_s=2.0) as client:
        client.status()
        tally.refused.append("a stranger's answer was believed")


def _started(scene: Scene) -> DaemonProcess:
    daemon = DaemonProcess(scene.home, env=scene.environ, wait=False)
    if scene.tight:
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (1024, 1024))
    daemon.wait_ready()
    return daemon


def _port(daemon: DaemonProcess) -> int:
    file = daemon.where.port_file
    return int(file.read_text()) if file.exists() else 0


def draw(number: int, seed: int, base: Path) -> Scene:
    """The scene of a start: the same number and seed draw the same."""
    dice = random.Random(f"{seed}/{number}")
    folder = base / f"{number}"
    folder.mkdir()
    folder.chmod(0o1777)
    root = folder / "private"
    root.mkdir(mode=0o700)
    secret = f"row-of-{number}-{dice.randrange(1 << 48):x}"
    (root / f"{secret}.txt").write_text(secret)
    (root / f"{secret}.txt").chmod(0o644)
    home = folder / ("deep" * 40 if dice.random() < 0.4 else "own") / "h"
    home.parent.mkdir(mode=0o755)
    with socket.create_server(("127.0.0.1", 0)) as free:
        metrics_port = free.getsockname()[1] if dice.random() < 0.4 else 0
    return Scene(folder, home, root, secret, dice.random() < 0.7, dice.random() < 0.4, metrics_port, dice)


def run(starts: int, seed: int, *, tell: bool = False) -> Tally:
    """All of it."""
    tally = Tally()
    victim = subprocess.Popen(["sleep", "100000"])
    base = Path(tempfile.mkdtemp(prefix="strangers-", dir="/tmp"))
    base.chmod(0o755)
    try:
        for number in range(starts):
            scene = draw(number, seed, base)
            one_start(scene, tally)
            shutil.rmtree(scene.folder)
            if tell:
                print(
                    f"{number} {scene.environ} {'tight' if scene.tight else ''} {p(tally.status_s[-10:], 1):.0f} ms",
                    flush=True,
                )
    except KeyboardInterrupt:
        tally.starts -= 1  # what was done so far counts
    finally:
        tally.kills += not running(victim.pid)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        shutil.rmtree(base, ignore_errors=True)
    return tally


def p(values: list[float], share: float) -> float:
    """A percentile, in milliseconds."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1e3


def main() -> int:
    """Runs as many starts as asked for, and prints the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    tally = run(options.starts, options.seed, tell=True)
    for name, values in (
        ("status, a new connection", tally.status_s),
        ("sanchayctl status, whole process", tally.program_s),
    ):
        print(f"{name}: p50 {p(values, 0.5):.0f} ms, p99 {p(values, 0.99):.0f} ms, most {max(values) * 1e3:.0f} ms")
    print(f"{tally.starts} starts; the stranger got: {tally.got}")
    print("\n".join(tally.harm) or "no token, file, row or kill; the owner was always answered")
    return 1 if tally.harm else 0


if __name__ == "__main__":
    sys.exit(main())
