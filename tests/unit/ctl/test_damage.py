"""`damage`: what was found, and how it is told that a file was repaired or left."""

from __future__ import annotations

import pytest

from sanchay.v1 import dedupe_pb2, job_pb2, verify_pb2
from tests.support.canned_daemon import CannedDaemon
from tests.unit.ctl.canned import HOSTILE, NOON_NS, PLAIN, path
from tests.unit.ctl.canned_dedupe import repair_job
from tests.unit.ctl.conftest import Run


def _ends(daemon: CannedDaemon, state: str, left: int = 0) -> None:
    ended = repair_job(state=state, left=left)
    daemon.answers["StartRepair"] = verify_pb2.StartRepairResponse(job_id=7)
    daemon.answers["FollowJob"] = lambda _: iter([job_pb2.FollowJobResponse(job=ended)])
    daemon.answers["GetJob"] = job_pb2.GetJobResponse(job=ended)


@pytest.mark.usefixtures("people")
def test_a_repair_says_what_was_copied_and_how_it_is_taken_back(run: Run, daemon: CannedDaemon) -> None:
    _ends(daemon, "done")
    said = run("damage", "repair", "4")
    assert said.code == 0
    assert "by a copy of /data/photos/a.jpg" in said.out
    assert "Take it back: sanchayctl dedupe undo 5" in said.out
    document = run("--json", "damage", "repair", "4").document
    assert (document["run"], document["finding"], document["repaired"]) == (5, 4, True)
    assert (document["twin"]["path"], document["reason"]) == ("/data/photos/a.jpg", None)
    assert run("job", "follow", "7").out == said.out


@pytest.mark.usefixtures("people")
def test_a_file_that_is_left_is_told_with_the_reason(run: Run, daemon: CannedDaemon) -> None:
    _ends(daemon, "partial", left=1)
    said = run("damage", "repair", "4")
    assert said.code == 3
    assert said.out == "Not repaired: $'/data/photos/caf\\xe9.jpg': open for writing in another program\n"
    left = dedupe_pb2.Act(state="left", path=path(HOSTILE), reason="hard-linked", detail="/b, and 1 more")
    daemon.answers["ListActs"] = dedupe_pb2.ListActsResponse(acts=[left])
    document = run("--json", "damage", "repair", "4").document
    assert (document["repaired"], document["twin"]) == (False, None)
    assert (document["reason"], document["detail"]) == ("hard-linked", "/b, and 1 more")
    _ends(daemon, "failed")
    assert "Nothing was repaired: " in run("damage", "repair", "4").out


@pytest.mark.usefixtures("people")
def test_the_list_says_what_can_be_done(run: Run, daemon: CannedDaemon) -> None:
    finding = verify_pb2.Finding(id=4, kind="damaged", state="open", found_ns=NOON_NS, path=path(PLAIN), size=1536)
    daemon.answers["ListFindings"] = verify_pb2.ListFindingsResponse(findings=[finding])
    assert "sanchayctl damage repair ID" in run("damage", "list").out
    assert run("--json", "damage", "list").document["rows"][0]["repaired_by"] is None
    finding.state, finding.repaired_by = "repaired", 5
    daemon.answers["ListFindings"] = verify_pb2.ListFindingsResponse(findings=[finding])
    assert "damage repair ID" not in run("damage", "list", "--all").out
    assert run("--json", "damage", "list", "--all").document["rows"][0]["repaired_by"] == 5
