"""`sanchayctl du` with files, types and a least share."""

from __future__ import annotations

import pytest

from sanchay.v1 import catalog_pb2
from tests.support.canned_daemon import CannedDaemon
from tests.unit.ctl import canned
from tests.unit.ctl.conftest import Run


@pytest.mark.usefixtures("people")
def test_du_with_files_types_and_a_least_share(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["DiskUsage"] = catalog_pb2.DiskUsageResponse(
        rows=[
            catalog_pb2.DiskUsageRow(
                path=canned.path(b"/data"),
                files=9,
                directories=2,
                bytes=4000,
                type_bytes={"image": 3000, "log": 1000},
                copied_bytes=2048,
                left_out=catalog_pb2.LeftOutUsage(rows=7, files=8, bytes=1024, allocated=4096),
            ),
            catalog_pb2.DiskUsageRow(
                path=canned.path(b"/data/a.jpg"), depth=1, files=1, bytes=2976, type="image", type_bytes={"image": 2976}
            ),
        ],
        freshness=canned.freshness("LIVE"),
    )
    asked = ("du", "/data", "--files", "--types", "--least", "0.5%")
    text = run(*asked).out
    assert "image 75%" in text
    assert "Left out for --least: 7 smaller ones, 1.0K together." in text
    document = run("--json", *asked).document
    assert document["rows"][0]["left_out"] == {"rows": 7, "files": 8, "bytes": 1024, "allocated": 4096}
    assert document["rows"][0]["type_bytes"] == {"image": 3000, "log": 1000}
    assert [(row["type"], row["copied_bytes"]) for row in document["rows"]] == [("folder", 2048), ("image", 0)]
    request = daemon.asked("DiskUsage")[0]
    assert (request.with_files, request.with_types, request.least_share) == (True, True, 0.005)
    assert request.depth > 10_000
    assert "type_bytes" not in run("--json", "du").document["rows"][0]
    assert daemon.asked("DiskUsage")[-1].depth == 1
    for wrong in ("1.5", "-1%", "one"):
        assert run("du", "--least", wrong).code == 2
