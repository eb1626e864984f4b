"""`duplicates --by-folder`, against a daemon that says what it is told to."""

from __future__ import annotations

from tests.support.canned_daemon import CannedDaemon
from tests.unit.ctl import canned
from tests.unit.ctl.conftest import Run


def test_duplicates_by_folder_are_pairs_of_folders(run: Run, daemon: CannedDaemon) -> None:
    document = run("--json", "duplicates", "--by-folder").document
    assert document.keys() == {"pairs", "total_pairs", "partial", "not_compared", "freshness"}
    pair = document["pairs"][0]
    assert pair["left"]["path"] == canned.PLAIN.decode()
    assert (pair["groups"], pair["right"]["contained"], pair["right"]["path_bytes"] != "") == (2, True, True)
    assert pair["right"].keys() >= {"shared_files", "bytes", "files"}
    asked = "duplicates --by-folder --under /data --min-size 1K --ext jpg --type image --ignored --limit 7"
    ended = run(*asked.split())
    assert len(ended.out.splitlines()) == 3, "a row for each folder, and one where it is the same"
    assert "(all of it is in the other one)" in ended.out
    assert "(within this folder)" in ended.out
    request = daemon.asked("SharedFolders")[-1]
    assert (request.under.raw, request.min_size, request.limit, request.with_ignored) == (b"/data", 1024, 7, True)
    assert (list(request.extensions), list(request.types)) == (["jpg"], ["image"])
    for other in ("--all", "--paths", "-0", "--sort=size"):
        assert run("duplicates", "--by-folder", other).code == 2
