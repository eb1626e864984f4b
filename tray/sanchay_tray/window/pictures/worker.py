"""The process that makes pictures: a line in asks for one, a line and its pixels come out.

A broken, huge or endless file may end it: it has little memory, little time and no right to write. The window
then starts another one.
"""

from __future__ import annotations

import base64
import json
import os
import stat
import sys
import time
from typing import Any, BinaryIO

from PySide6.QtCore import QFile, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageReader

from sanchay_tray.window.pictures.thumbnails import thumbnail

#: Address space, and CPU for one picture.
MEMORY_BYTES = 1536 << 20
CPU_S = 5
#: A decoder's memory, a file's size, and its pixels.
DECODER_MB = 512
FILE_BYTES = 512 << 20
PIXELS = 150_000_000
#: Thumbnails serve up to this edge before the file itself is read.
SMALL_EDGE = 512


def main() -> None:
    """Answers until its input ends."""
    limit()
    QImageReader.setAllocationLimit(DECODER_MB)
    answers = sys.stdout.buffer
    for line in sys.stdin.buffer:
        limit_cpu()
        answer(json.loads(line), answers)


def answer(asked: dict[str, Any], answers: BinaryIO) -> None:
    """Writes one picture: number, width and height, the file's own, and its pixels; width 0 where there is none."""
    path, edge = base64.b64decode(asked["path"]), int(asked["edge"])
    made, full = picture(path, int(asked["modified_ns"]), edge)
    head = {
        "number": asked["number"],
        "width": 0,
        "height": 0,
        "full_width": full.width(),
        "full_height": full.height(),
    }
    pixels = b""
    if made is not None:
        made = fitted(made, edge).convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
        head |= {"width": made.width(), "height": made.height()}
        pixels = bytes(made.constBits())
    answers.write(json.dumps(head | {"bytes": len(pixels)}).encode() + b"\n" + pixels)
    answers.flush()


def picture(path: bytes, modified_ns: int, edge: int) -> tuple[QImage | None, QSize]:
    """The picture of a file, and the file's own width and height where they are known."""
    if edge <= SMALL_EDGE and (small := thumbnail(path, modified_ns, edge)) is not None:
        return small, QSize(0, 0)
    made, full = decoded(path, edge)
    if made is None and edge > SMALL_EDGE:
        made = thumbnail(path, modified_ns, edge)
    return made, full


def decoded(path: bytes, edge: int) -> tuple[QImage | None, QSize]:
    """The file itself as a picture."""
    try:
        # A file that has become a pipe, or a link, since it was cataloged is not waited for or followed.
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None, QSize(0, 0)
    try:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode) or found.st_size > FILE_BYTES:
            return None, QSize(0, 0)
        file = QFile()
        if not file.open(number, QIODevice.OpenModeFlag.ReadOnly):
            return None, QSize(0, 0)
        reader = QImageReader(file)
        reader.setDecideFormatFromContent(True)
        reader.setAutoTransform(True)
        full = reader.size()
        if not full.isValid() or full.width() * full.height() > PIXELS:
            return None, full if full.isValid() else QSize(0, 0)
        if max(full.width(), full.height()) > edge:
            reader.setScaledSize(
                full.scaled(QSize(edge, edge), Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1))
            )
        image = reader.read()
        file.close()
        return (None if image.isNull() else image), full
    finally:
        os.close(number)


def fitted(image: QImage, edge: int) -> QImage:
    """The picture no larger than `edge`."""
    if max(image.width(), image.height()) <= edge:
        return image
    scaled = QSize(edge, edge)
    smooth = Qt.TransformationMode.SmoothTransformation
    return image.scaled(scaled, Qt.AspectRatioMode.KeepAspectRatio, smooth)


def limit() -> None:
    """Gives up memory, files and cores, where the system has such limits."""
    try:
        import resource
    except ImportError:  # Windows: time and pixels are limited all the same
        return
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):  # macOS takes no limit of address space
            continue


def limit_cpu() -> None:
    """Gives the next picture its time."""
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(time.process_time()) + CPU_S + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


if __name__ == "__main__":
    main()
