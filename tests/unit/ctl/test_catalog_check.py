"""`sanchayctl catalog check`."""

from __future__ import annotations

from sanchay.v1 import daemon_pb2
from tests.support.canned_daemon import CannedDaemon
from tests.unit.ctl.conftest import Run


def test_a_check_of_the_catalog_says_what_disagrees_and_how_to_mend_it(run: Run, daemon: CannedDaemon) -> None:
    ended = run("catalog", "check")
    assert ended.code == 3
    assert "1 folder whose totals differ from what it holds, such as /data/a." in ended.out
    assert "content keys without their files." in ended.out
    assert "catalog check --repair" in ended.out
    mended = run("catalog", "check", "--repair")
    assert (mended.code, mended.out.count("Mended.")) == (0, 2)
    document = run("--json", "catalog", "check", "--repair").document
    assert (document["sound"], document["complete"]) == (False, True)
    assert [fault["mended"] for fault in document["faults"]] == [True, True]
    daemon.answers["CheckCatalog"] = daemon_pb2.CheckCatalogResponse(files=5, folders=3, complete=True)
    sound = run("catalog", "check")
    assert (sound.code, sound.out) == (0, "The catalog is sound: 5 files in 3 folders were compared.\n")
    daemon.answers["CheckCatalog"] = daemon_pb2.CheckCatalogResponse(files=5, folders=3)
    assert run("catalog", "check").code == 1
    assert run("schedule", "add", "x", "--every", "1h", "check", "photos").code == 2
