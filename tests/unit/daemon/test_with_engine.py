"""The daemon over the real engine: the same calls, the same answers as the stand-in gives, and more."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchay import errors
from sanchay.v1 import catalog_pb2, common_pb2
from tests.support import trees
from tests.support.daemon import DaemonProcess, engine_missing
from tests.support.program import until

pytestmark = pytest.mark.skipif(engine_missing(), reason="the engine is not built: make install")


@pytest.fixture
def real(tmp_path: Path) -> Iterator[DaemonProcess]:
    with DaemonProcess(tmp_path / "home", env={"SANCHAY_LOG_LEVEL": "debug"}) as process:
        yield process


def scan(daemon: DaemonProcess, *roots: Path) -> object:
    with daemon.client() as client:
        job = client.start_scan(roots).jobs[0]
        return list(client.follow_job(job.id))[-1]


def test_a_tree_is_scanned_and_every_question_is_answered(real: DaemonProcess, tmp_path: Path) -> None:
    content = b"the same " * 100
    tree = trees.build(tmp_path / "tree", {"a.txt": content, "b/c.txt": content, "d.log": "other", "empty": ""})
    trees.build_raw(tree, {b"\xff": b"raw"})
    with real.client() as client:
        added = client.add_root(tree, watch="off")
        job = list(client.follow_job(added.job_id))[-1]
        assert job.state == "done"
        assert job.result.files == 5
        assert job.result.peak_rss_bytes > 0
        found = client.find("a.txt")
        assert (found.total, found.rows[0].path.raw) == (1, os.fsencode(tree / "a.txt"))
        assert found.freshness.state == common_pb2.Freshness.SCANNED
        assert len(list(client.iter_find("", page_size=2))) == 5
        assert client.find("root:tree ext:txt").total == 2
        duplicates = client.duplicates()
        assert (duplicates.total_groups, duplicates.total_redundant_files) == (1, 1)
        assert duplicates.total_reclaimable_bytes == len(content)
        assert client.duplicates(under=tree / "b").total_groups == 0
        assert client.summary("ext").files == 5
        assert {row.path.raw for row in client.disk_usage(tree).rows} >= {os.fsencode(tree)}
        below = client.disk_usage(tree, depth=3, with_files=True, with_types=True, least_share=0.4).rows
        assert [(row.path.raw, row.type) for row in below] == [
            (os.fsencode(tree), ""),
            (os.fsencode(tree / "a.txt"), "document"),
            (os.fsencode(tree / "b"), ""),
            (os.fsencode(tree / "b/c.txt"), "document"),
        ]
        assert dict(below[0].type_bytes) == {"document": 2 * len(content), "log": 5, "other": 3}
        assert (below[0].copied_bytes, below[0].left_out.files, below[0].left_out.bytes) == (2 * len(content), 3, 8)
        assert not below[2].HasField("left_out")
        pieces = list(client.export("", "csv"))
        assert pieces[-1].complete
        assert b"".join(piece.data for piece in pieces).count(b"\n") >= 5
        status = client.status()
        assert status.catalog.files == 5
        assert status.roots[0].state == "ready"
        assert client.remove_root("tree").root.name == "tree"
        assert client.find("").total == 0


def test_what_the_engine_refuses_is_an_exception_of_its_kind(real: DaemonProcess, tmp_path: Path) -> None:
    file = trees.build(tmp_path / "x", {"file": "x"}) / "file"
    with real.client() as client:
        for path, expected in (
            (tmp_path / "missing", errors.NotFound),
            (file, errors.NotAFolder),
            ("relative", errors.NotAbsolute),
            ("/proc", errors.PseudoFileSystem),
            (real.home, errors.OwnFolder),
        ):
            with pytest.raises(expected) as caught:
                client.add_root(path)
            assert str(path) in str(caught.value)
        assert not client.list_roots().roots
        with pytest.raises(errors.InvalidQuery) as query:
            client.find("size:>lots")
        assert query.value.term
        assert query.value.position is not None


def test_the_engines_log_lines_are_in_the_same_file_with_the_same_keys(real: DaemonProcess, tmp_path: Path) -> None:
    scan(real, trees.build(tmp_path / "tree", {"a": "a"}))

    def lines() -> list[dict[str, object]]:
        return [json.loads(line) for line in real.log().rpartition("\n")[0].splitlines()]

    until(lambda: any(not str(line["logger"]).startswith("sanchayd") for line in lines()))
    assert all({"ts", "level", "event", "logger"} <= set(line) for line in lines())


def test_a_newer_catalog_is_refused_with_78_and_a_broken_one_is_rebuilt_from_the_roots(tmp_path: Path) -> None:
    home = tmp_path / "home"
    tree = trees.build(tmp_path / "tree", {"a": "a", "b": "b"})
    with DaemonProcess(home) as daemon:
        scan(daemon, tree)
        assert daemon.stop() == 0
    catalog = home / "catalog.db"
    catalog.write_bytes(b"\x00garbage" * 4096)
    with DaemonProcess(home) as daemon, daemon.client() as client:
        status = client.status()
        assert status.catalog.state == "rebuilt"
        assert status.notices
        until(lambda: client.find("").total == 2)


def test_a_killed_daemon_loses_no_scan(tmp_path: Path) -> None:
    home = tmp_path / "home"
    tree = trees.many(tmp_path / "tree", 20_000)
    with DaemonProcess(home) as first, first.client() as client:
        job = client.start_scan([tree]).jobs[0]
        assert any(seen.progress.files > 0 for seen in client.follow_job(job.id)), "it has begun"
        first.kill()
    with DaemonProcess(home) as second, second.client() as client:
        assert list(client.follow_job(job.id))[-1].state == "done"
        assert client.find("").total == 20_000


def test_a_status_waits_for_no_scan(real: DaemonProcess, tmp_path: Path) -> None:
    tree = trees.many(tmp_path / "tree", 20_000)
    with real.client() as client:
        job_id = client.start_scan([tree]).jobs[0].id
        with contextlib.suppress(errors.JobNotActive):  # the machine may be that quick
            client.pause_job(job_id)
            assert client.status().active_jobs == 1
            client.resume_job(job_id)
        assert list(client.follow_job(job_id))[-1].state == "done"


def test_exports_of_every_format_are_complete(real: DaemonProcess, tmp_path: Path) -> None:
    scan(real, trees.build(tmp_path / "tree", {"a": "same", "b": "same"}))
    with real.client() as client:
        for file_format in ("csv", "ndjson", "parquet", "b3sum", "sha256sum", "fdupes"):
            last = catalog_pb2.ExportResponse()
            for last in client.export("", file_format):
                assert len(last.data) <= 1 << 20
            assert last.complete
        with pytest.raises(errors.InvalidArgument):
            list(client.export("", "pdf"))
