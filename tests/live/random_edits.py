"""Two processes edit a tree at random while it is live: renames and exchanges, writes with their times set back, links,
mapped files. When nothing pends no hash is another content's; after a sync the catalog, its sums and its feed equal a
look at the tree.

    python -m tests.live.random_edits --seconds 180 --seeds 20
    python -m tests.live.random_edits --seconds 3 --seeds 200 --first 1

The seed of each run is printed; a run that fails keeps its folder, with what each process did.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sanchay_engine import Catalog, RootSpec
from tests.live.equality import differences, false_hashes
from tests.live.feed import Feed, feed_differences, following
from tests.property.oracle import look
from tests.support.daemon import PATIENCE_S


def run(home: Path, seed: str, seconds: float, *, processes: int = 2, settle_ms: int = 100) -> list[str]:
    """One run in `home`; gives what differs in the end."""
    root, outside = home / "root", home / "outside"
    root.mkdir()
    outside.mkdir()
    catalog = Catalog.open(os.fsencode(home / "catalog.db"), threads=2)
    try:
        catalog.put_root(RootSpec(1, os.fsencode(root), algorithm="sha256"))
        catalog.scan(1).wait()
        before, cursor = following(catalog, "", Feed())
        catalog.start_live(settle_ms=settle_ms)
        deadline = time.monotonic() + PATIENCE_S
        while [status.state for status in catalog.live_status()] != ["live"]:
            if time.monotonic() > deadline:
                return [f"not live: {[(status.state, status.reason) for status in catalog.live_status()]}"]
            time.sleep(0.01)
        editors = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.live.live_editor", root, outside, f"{seed}-{number}", str(seconds),
                 str(home / f"edits-{number}.log")]
            )
            for number in range(processes)
        ]  # fmt: skip
        codes = [editor.wait() for editor in editors]
        if any(codes):
            return [f"an editor failed: {codes}"]
        found = _false_at_rest(catalog, os.fsencode(root))
        result = catalog.sync(1).wait(PATIENCE_S)
        if result is None or result.state != "done":
            return [f"sync: {result and (result.state, result.message)}"]
        now = look(os.fsencode(root))
        found += [*differences(catalog, now), *feed_differences(following(catalog, cursor, before)[0], now)]
        status = catalog.live_status()[0]
        print(f"seed {seed}: {status.events} events, {status.overflows} overflows, sync {result.duration_s:.3f} s")
        return found
    finally:
        catalog.close()


def _false_at_rest(catalog: Catalog, root: bytes) -> list[str]:
    """The false hashes that stay when the live root says that nothing pends."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        rests = all((status.state, status.pending) == ("live", 0) for status in catalog.live_status())
        found = false_hashes(catalog, look(root)) if rests else ["it does not come to rest"]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=180, help="how long each run edits")
    parser.add_argument("--seeds", type=int, default=20, help="how many runs")
    parser.add_argument("--first", type=int, default=int(time.time()), help="the first seed")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--settle-ms", type=int, default=100)
    parser.add_argument("--folder", default=None, help="where the trees are made")
    arguments = parser.parse_args()
    failed = 0
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        home = Path(tempfile.mkdtemp(prefix="sanchay-edits-", dir=arguments.folder))
        print(f"seed {seed}", flush=True)
        found = run(
            home, str(seed), arguments.seconds, processes=arguments.processes, settle_ms=arguments.settle_ms
        )  # fmt: skip
        if found:
            failed += 1
            print(f"seed {seed} FAILED in {home}:", *found[:20], sep="\n  ", flush=True)
        else:
            shutil.rmtree(home)
    print(f"{arguments.seeds - failed} of {arguments.seeds} runs ended equal")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
