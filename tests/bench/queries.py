"""Measures of answers: latencies at the Python client, of whole processes, and of exports."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from sanchay import Client
from sanchay.address import places
from tests.bench import report
from tests.bench.home import CTL, Home
from tests.bench.processes import run_program

#: Calls of each kind; enough for a 99th percentile that is not the worst call alone.
CALLS = 300
PROCESS_CALLS = 30


def answers(home: Home, needle: str, folder: str) -> str:
    """Latencies of first pages at the client. `needle` is text in few names, `folder` a path in the catalog."""
    with Client(places(home.path)) as client:
        quick: dict[str, Callable[[], object]] = {
            "duplicates, first page": lambda: client.duplicates(limit=20),
            "largest, first page": lambda: client.find("", sort="-size", limit=20),
            "summary by type": lambda: client.summary("type"),
            "disk usage": lambda: client.disk_usage(),
            "disk usage of a folder": lambda: client.disk_usage(folder),
            "all of a thousandth and more": lambda: client.disk_usage(
                depth=1000, with_files=True, least_share=0.001, limit=10_000
            ),
            f"find {needle}": lambda: client.find(needle, limit=100),
            "status": client.status,
        }
        filtered: dict[str, Callable[[], object]] = {
            "duplicates of images": lambda: client.duplicates(types=["image"], limit=20),
            "duplicates under a folder": lambda: client.duplicates(under=folder, limit=20),
            "all of a thousandth and more, by type": lambda: client.disk_usage(
                depth=1000, with_files=True, with_types=True, least_share=0.001, limit=10_000
            ),
            "find type:image size:>10k": lambda: client.find("type:image size:>10k", limit=100),
            "find modified:<400d dup:yes": lambda: client.find("modified:<400d dup:yes", limit=100),
        }
        first = report.percentiles("First pages at the client", _sample(quick), "p99 at most 20 ms")
        second = report.percentiles("Filtered, or with large totals", _sample(filtered), "p99 at most 200 ms")
    return first + "\n" + second


def whole_processes(home: Home, needle: str, scratch: Path) -> str:
    """Latencies of sanchayctl from start to end."""
    samples: dict[str, list[float]] = {}
    for arguments in (["status"], ["find", needle]):
        samples["sanchayctl " + arguments[0]] = [
            run_program([*CTL, *arguments], home.environment, scratch / "process.log").seconds * 1000
            for _ in range(PROCESS_CALLS)
        ]
    return report.percentiles("Whole processes", samples, "status at most 250 ms, find at most 300 ms")


def while_scanning(home: Home, tree: Path) -> str:
    """Latencies of `status` while the tree is scanned for the first time."""
    samples: list[float] = []
    with Client(places(home.path)) as client:
        scan = threading.Thread(target=home.ctl, args=("scan", str(tree)))
        scan.start()
        while scan.is_alive():
            samples.append(_milliseconds(client.status))
            time.sleep(0.005)
        scan.join()
    return report.percentiles("While a scan runs", {"status": samples}, "p99 at most 50 ms")


def exports(home: Home, scratch: Path) -> str:
    """Rows a second of exports of everything, written by sanchayctl, and its and the daemon's peak memory."""
    rows = []
    files = home.ctl("status")["catalog"]["files"]
    for file_format in ("csv", "parquet"):
        target = scratch / f"export.{file_format}"
        command = [*CTL, "export", "--format", file_format, "-o", str(target)]
        before = home.peak_bytes()
        run = run_program(command, home.environment, scratch / "export.log")
        grown = home.peak_bytes() - before
        said = f"{files / run.seconds:,.0f}" if run.exit_code == 0 else f"exit {run.exit_code}"
        rows.append([file_format, said, f"{run.peak_bytes / 1e6:.0f}", f"{grown / 1e6:.0f}"])
        target.unlink(missing_ok=True)
    header = ["format", "rows a second", "peak MB of sanchayctl", "MB the daemon's peak grew by"]
    return f"### Export of {files:,} rows\n\nTo reach: 1,000,000 rows a second\n\n{report.table(header, rows)}\n"


def _sample(calls: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """The calls in turn, so that each meets the others' pages in the cache, as in use."""
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(CALLS):
        for name, call in calls.items():
            samples[name].append(_milliseconds(call))
    return samples


def _milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000
