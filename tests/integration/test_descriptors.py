"""A process that can open no further file knows less, and says nothing false of what it cannot look at."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.integration.catalogs import ONLY_POSIX
from tests.support.daemon import PATIENCE_S, environment

# In a process of its own: others need descriptors too.
SCENE = """
import os, resource, sys
from pathlib import Path
from tests.integration.catalogs import Cataloger
from sanchay_engine import EngineError

home, tree = Path(sys.argv[1]), Path(sys.argv[2])
cataloger = Cataloger(home)
root = cataloger.add(tree)
assert cataloger.scan(root).state == "done"
files = len(cataloger.rows())
resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
taken = []
try:
    while True:
        taken.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
try:
    result = cataloger.scan(root)
    said = f"{result.state} {result.message}"
except EngineError as error:
    said = f"failed {error}"
for handle in taken:
    os.close(handle)
assert "offline" not in said, said
assert "Too many open files" in said, said
assert len(cataloger.rows()) == files
assert cataloger.scan(root).state == "done"
cataloger.catalog.close()
"""


#: More copies than may be open.
PAIRS = 300
CLEAN_UP = """
import resource, sys
from pathlib import Path
from tests.integration.catalogs import Cataloger
from sanchay_engine import Dedupe

home, tree = Path(sys.argv[1]), Path(sys.argv[2])
cataloger = Cataloger(home)
assert cataloger.scan(cataloger.add(tree)).state == "done"
resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
dedupe = Dedupe(cataloger.catalog)
plan = dedupe.make_plan(
    under=None, min_size=1, extensions=[], types=[], drop=None, keep=None, prefer=[], isolate=[], min_copies=1,
    min_devices=1, one_of_each_name=False, everywhere=False, action="hardlink", asked="{}",
)
run = dedupe.start_run(plan.id, plan.version).wait()
assert (run.acted, run.skipped, run.failed) == (plan.files, 0, 0), (run.acted, run.skipped, run.failed)
undone = dedupe.start_undo(run.run).wait()
assert (undone.acted, undone.failed) == (plan.files, 0), (undone.acted, undone.failed)
cataloger.catalog.close()
"""


@ONLY_POSIX
def test_a_scan_without_descriptors_takes_no_root_for_offline(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "in").mkdir(parents=True)
    (tree / "in" / "file").write_text("x")
    play(SCENE, tmp_path, tree)


@ONLY_POSIX
def test_a_clean_up_goes_on_with_as_few_descriptors_as_there_are(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for number in range(PAIRS):
        for side in ("kept", "copies"):
            path = tree / side / str(number) / "file"
            path.parent.mkdir(parents=True)
            path.write_text(f"content {number}")
    play(CLEAN_UP, tmp_path, tree)
    assert all((tree / side / "7" / "file").stat().st_nlink == 1 for side in ("kept", "copies"))


def play(scene: str, tmp_path: Path, tree: Path) -> None:
    """Runs a scene in a separate process, which must end well."""
    done = subprocess.run(
        [sys.executable, "-c", scene, str(tmp_path / "home"), str(tree)],
        env=environment(tmp_path),
        cwd=os.sep,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
