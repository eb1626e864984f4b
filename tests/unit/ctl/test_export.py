"""`export` writes its file whole or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchay import errors
from sanchay.v1 import catalog_pb2
from sanchayctl import atomic
from tests.unit.ctl.conftest import Run
from tests.unit.ctl.fake_daemon import FakeDaemon

WHOLE = "path,size\n/data/a,1\n"


def test_a_file_is_written_and_told(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    target = tmp_path / "files.csv"
    ended = run("export", "ext:jpg", "-o", str(target))
    assert ended.code == 0
    assert "Wrote 1 row" in ended.out
    assert "2 files left out" in ended.err
    assert target.read_text() == WHOLE
    assert [(request.format, request.expression) for request in daemon.asked("Export")] == [("csv", "ext:jpg")]
    assert os.listdir(tmp_path) == ["files.csv"]
    assert target.stat().st_mode & 0o777 == 0o666 & ~_umask()


def test_the_document_tells_the_same(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    target = tmp_path / "x"
    document = run("--json", "export", "--format", "ndjson", "-o", str(target)).document
    assert document == {"format": "ndjson", "path": str(target), "rows": 1, "bytes": len(WHOLE), "left_out": 2}


def test_standard_output_gets_only_the_file(run: Run, daemon: FakeDaemon) -> None:
    ended = run("export", "--format", "csv", "-o", "-")
    assert (ended.code, ended.out) == (0, WHOLE)
    assert run("--json", "export", "--format", "csv", "-o", "-").code == 2


@pytest.mark.parametrize(
    ("name", "kind"), [("a.jsonl", "ndjson"), ("a.PARQUET", "parquet"), ("a.b3", "b3sum"), ("a.sha256", "sha256sum")]
)
def test_the_name_says_the_format(run: Run, daemon: FakeDaemon, tmp_path: Path, name: str, kind: str) -> None:
    assert run("export", "-o", str(tmp_path / name)).code == 0
    assert daemon.asked("Export")[0].format == kind
    assert run("export", "-o", str(tmp_path / "noname")).code == 2


def test_what_is_there_is_replaced_only_by_force(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    target = tmp_path / "files.csv"
    target.write_text("mine")
    ended = run("export", "-o", str(target))
    assert ended.code == 2
    assert "--force" in ended.err
    assert (target.read_text(), daemon.asked("Export")) == ("mine", [])
    assert run("export", "-o", str(target), "--force").code == 0
    assert target.read_text() == WHOLE


def test_a_folder_is_never_replaced(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    ended = run("export", "-o", str(tmp_path), "--format", "csv", "--force")
    assert ended.code == 2
    assert "is a folder" in ended.err
    assert "there is no folder" in run("export", "-o", str(tmp_path / "no" / "a.csv")).err


@pytest.mark.parametrize("failure", [errors.DiskFull("The disk is full."), None])
def test_a_broken_export_leaves_nothing(
    run: Run, daemon: FakeDaemon, tmp_path: Path, failure: errors.SanchayError | None
) -> None:
    def pieces(_request: object) -> Iterator[catalog_pb2.ExportResponse]:
        yield catalog_pb2.ExportResponse(data=b"half")
        if failure is not None:
            raise failure

    daemon.answers["Export"] = pieces
    assert run("export", "-o", str(tmp_path / "a.csv")).code != 0
    assert os.listdir(tmp_path) == []


def test_a_symlink_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    assert atomic.write(str(tmp_path / "link"), [b"new"], replace=True) == 3
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_pipe_or_device_is_written_to_and_stays(tmp_path: Path) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()))
    reader.start()
    assert atomic.write(str(fifo), [b"a", b"", b"b" * 100_000], replace=False) == 100_001
    reader.join()
    assert got == [b"a" + b"b" * 100_000]
    assert fifo.is_fifo()
    assert atomic.write("/dev/null", [b"x"], replace=False) == 1


def test_a_file_that_comes_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "a"

    def pieces() -> Iterator[bytes]:
        yield b"mine"
        target.write_bytes(b"theirs")

    with pytest.raises(errors.InvalidArgument, match="is there already"):
        atomic.write(str(target), pieces(), replace=False)
    assert target.read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["a"]


def _umask() -> int:
    old = os.umask(0)
    os.umask(old)
    return old
