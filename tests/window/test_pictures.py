"""Pictures by a process that may die: broken, huge and endless files, and a file that holds its reader."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage

from sanchay_tray.window.pictures import thumbnails
from sanchay_tray.window.pictures.pictures import Picture, Pictures, Wanted
from tests.support.windows import application, settle, until


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pictures]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    application()
    made = Pictures()
    yield made
    made.close()
    settle()


def png(
    path: Path, colour: str = "red", width: int = 40, height: int = 20, texts: dict[str, str] | None = None
) -> Path:
    """A small picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    for name, value in (texts or {}).items():
        image.setText(name, value)
    assert image.save(str(path))
    return path


def got(pictures: Pictures, path: bytes | Path, edge: int = 64, modified_ns: int = 0) -> Picture:
    """The answer for one file."""
    heard: list[Picture] = []
    pictures.ask(pictures, Wanted(os.fsencode(path), modified_ns, edge), heard.append)
    until(lambda: heard)
    return heard[0]


def test_a_picture_is_shown_no_larger_than_asked_and_kept(pictures: Pictures, tmp_path: Path) -> None:
    path = png(tmp_path / "a.png", "blue", 400, 200)
    found = got(pictures, path)
    assert found.image is not None
    assert (found.image.width(), found.image.height(), found.width, found.height) == (64, 32, 400, 200)
    assert QColor(found.image.pixel(5, 5)) == QColor("blue")
    assert pictures.known(Wanted(os.fsencode(path), 0, 64)) == found


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_of_any_bytes_have_pictures(pictures: Pictures, tmp_path: Path) -> None:
    png(tmp_path / "a.png")
    for name in (b"\xff.png", b"line\nbreak.png", b"x" * 251 + b".png", "\u202egnp.<b>".encode()):
        path = os.path.join(os.fsencode(tmp_path), name)
        shutil.copy(os.fsencode(tmp_path / "a.png"), path)
        assert got(pictures, path).image is not None


def huge(path: Path) -> Path:
    """A PNG that says it has 100,000 x 100,000 pixels."""
    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk)))
    return path


def test_broken_huge_and_strange_files_have_none(pictures: Pictures, tmp_path: Path) -> None:
    cut = png(tmp_path / "cut.png", width=300, height=300)
    cut.write_bytes(cut.read_bytes()[:60])
    (tmp_path / "text.png").write_bytes(b"no picture at all")
    (tmp_path / "empty.jpg").touch()
    for path in (
        cut,
        tmp_path / "text.png",
        tmp_path / "empty.jpg",
        huge(tmp_path / "huge.png"),
        tmp_path / "gone.png",
    ):
        assert got(pictures, path).image is None
    assert got(pictures, png(tmp_path / "sound.png")).image is not None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name")
def test_a_pipe_in_a_files_place_is_not_waited_for(pictures: Pictures, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert got(pictures, tmp_path / "pipe.png").image is None


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no signals")
def test_a_worker_that_hangs_or_dies_costs_one_picture(pictures: Pictures, tmp_path: Path) -> None:
    first, second = png(tmp_path / "1.png"), png(tmp_path / "2.png")
    got(pictures, first)
    worker = pictures.worker
    assert worker is not None
    os.kill(worker.process.pid, signal.SIGSTOP)  # as a share that hangs
    pictures.timer.setInterval(50)
    assert got(pictures, second).image is None
    pictures.timer.setInterval(60_000)
    assert got(pictures, png(tmp_path / "3.png")).image is not None
    assert pictures.worker is not None
    before = pictures.worker
    before.end()
    before.process.wait()
    until(lambda: pictures.worker is not before)
    assert got(pictures, png(tmp_path / "4.png")).image is not None


def test_the_desktops_thumbnail_is_taken_where_it_is_of_the_file_as_it_is(pictures: Pictures, tmp_path: Path) -> None:
    path = png(tmp_path / "a (1).png", "red")
    modified_ns = 1_600_000_000_123_456_789
    address = thumbnails.uri(os.fsencode(path))
    assert address.endswith("/a%20(1).png")
    name = hashlib.md5(address.encode(), usedforsecurity=False).hexdigest()
    cached = Path(os.environ["XDG_CACHE_HOME"]) / "thumbnails/normal" / f"{name}.png"
    png(cached, "green", texts={"Thumb::URI": address, "Thumb::MTime": "1600000000"})
    before = sorted(cached.parent.rglob("*"))
    green, red = got(pictures, path, 64, modified_ns), got(pictures, path, 64, modified_ns + 10**10)
    assert green.image is not None
    assert red.image is not None
    assert QColor(green.image.pixel(1, 1)) == QColor("green")
    assert QColor(red.image.pixel(1, 1)) == QColor("red")
    assert sorted(cached.parent.rglob("*")) == before
