"""`export` writes its file whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchay import errors
from sanchay.v1 import catalog_pb2
from sanchayctl import atomic
from sanchayctl.commands import export as exports
from tests.support.canned_daemon import CannedDaemon
from tests.support.daemon import PATIENCE_S, environment
from tests.unit.ctl.conftest import Run

WHOLE = "path,size\n/data/a,1\n"


def test_a_file_is_written_and_told(run: Run, daemon: CannedDaemon, tmp_path: Path) -> None:
    target = tmp_path / "files.csv"
    ended = run("export", "ext:jpg", "-o", str(target))
    assert ended.code == 0
    assert "Wrote 1 row" in ended.out
    assert "2 files left out" in ended.err
    assert target.read_text() == WHOLE
    assert [(request.format, request.expression) for request in daemon.asked("Export")] == [("csv", "ext:jpg")]
    assert os.listdir(tmp_path) == ["files.csv"]
    assert target.stat().st_mode & 0o777 == 0o666 & ~_umask()


def test_the_document_tells_the_same(run: Run, daemon: CannedDaemon, tmp_path: Path) -> None:
    target = tmp_path / "x"
    document = run("--json", "export", "--format", "ndjson", "-o", str(target)).document
    assert document == {"format": "ndjson", "path": str(target), "rows": 1, "bytes": len(WHOLE), "left_out": 2}


def test_standard_output_gets_only_the_file(run: Run, daemon: CannedDaemon) -> None:
    ended = run("export", "--format", "csv", "-o", "-")
    assert (ended.code, ended.out) == (0, WHOLE)
    assert run("--json", "export", "--format", "csv", "-o", "-").code == 2


@pytest.mark.parametrize(
    ("name", "kind"), [("a.jsonl", "ndjson"), ("a.PARQUET", "parquet"), ("a.b3", "b3sum"), ("a.sha256", "sha256sum")]
)
def test_the_name_says_the_format(run: Run, daemon: CannedDaemon, tmp_path: Path, name: str, kind: str) -> None:
    assert run("export", "-o", str(tmp_path / name)).code == 0
    assert daemon.asked("Export")[0].format == kind
    assert run("export", "-o", str(tmp_path / "noname")).code == 2


def test_what_is_there_is_replaced_only_by_force(run: Run, daemon: CannedDaemon, tmp_path: Path) -> None:
    target = tmp_path / "files.csv"
    target.write_text("mine")
    ended = run("export", "-o", str(target))
    assert ended.code == 2
    assert "--force" in ended.err
    assert (target.read_text(), daemon.asked("Export")) == ("mine", [])
    assert run("export", "-o", str(target), "--force").code == 0
    assert target.read_text() == WHOLE


def test_a_folder_is_never_replaced(run: Run, daemon: CannedDaemon, tmp_path: Path) -> None:
    ended = run("export", "-o", str(tmp_path), "--format", "csv", "--force")
    assert ended.code == 2
    assert "is a folder" in ended.err
    assert "there is no folder" in run("export", "-o", str(tmp_path / "no" / "a.csv")).err


@pytest.mark.parametrize("failure", [errors.DiskFull("The disk is full."), None])
def test_a_broken_export_leaves_nothing(
    run: Run, daemon: CannedDaemon, tmp_path: Path, failure: errors.SanchayError | None
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


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_a_file_that_is_replaced_keeps_its_mode_and_is_closed_meanwhile(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "list.csv"
    file.write_text("before")
    file.chmod(mode)

    def pieces() -> Iterator[bytes]:
        (part,) = tmp_path.glob(".list.csv.*.part")
        assert part.stat().st_mode & 0o077 == 0
        yield b"after"

    atomic.write(str(file), pieces(), replace=True)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("after", mode)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_that_ends_an_export_leaves_no_part_of_it(tmp_path: Path, name: str) -> None:
    number = getattr(signal, name)
    code = (
        f"import signal, sys; signal.signal({number}, signal.SIG_DFL)  # behind nohup it is ignored\n"
        "from sanchayctl import atomic, interrupt\ninterrupt.install()\n"
        "def pieces():\n yield b'half'\n print('begun', flush=True)\n sys.stdin.read()\n"
        f"atomic.write({str(tmp_path / 'list.csv')!r}, pieces(), replace=False)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == -number, "it ends by the signal, as its parent expects"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "raw", "shown"),
    [
        ("csv", "a\x1b[2J\U000e0001\r\u00e9\n".encode() + b"\xe9\n", "a\\e[2J\\U000e0001\\r\u00e9\n\\xe9\n"),
        ("fdupes", b"/a\x9b\n\n", "/a\\x9b\n\n"),
        ("ndjson", '{"path": "\u202e\U000e0001"}\n'.encode(), '{"path": "\\u202e\\udb40\\udc01"}\n'),
    ],
)
def test_a_terminal_is_shown_no_name_that_it_would_obey(kind: str, raw: bytes, shown: str) -> None:
    single = (raw[at : at + 1] for at in range(len(raw)))  # within characters
    assert b"".join(exports.for_terminal(single, kind)).decode() == shown


def test_only_a_terminal_is_shown_something_else(
    run: Run, daemon: CannedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.answers["Export"] = lambda _request: iter([catalog_pb2.ExportResponse(data=b"a\x1b\n", complete=True)])
    assert run("export", "--format", "csv", "-o", "-").out == "a\x1b\n"
    monkeypatch.setattr("sanchayctl.output.is_terminal", lambda _stream: True)
    assert run("export", "--format", "csv", "-o", "-").out == "a\\e\n"


def _umask() -> int:
    old = os.umask(0)
    os.umask(old)
    return old
