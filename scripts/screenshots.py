"""Pictures of the window for people to look at: `make screenshots`, `make screenshots PAGES="copies space"`.

Each page in light and dark; with nothing in the catalog, with a small tree, and with the daemon gone; in each language;
at scale 1 and 2. Each is taken from a real daemon in a home below a temporary folder.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sanchay import launcher
from sanchay.address import Places, places
from sanchay.client import Client

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from sanchay_tray.window.frame import Frame

STATES = ("empty", "full", "error")
SCHEMES = ("light", "dark")
SCALES = ("1", "2")
#: A page has answered once nothing was asked for so long.
QUIET_S = 0.4
AT_MOST_S = 20.0


def make_tree(folder: Path) -> None:
    """A small tree as people have them: pictures with copies, letters, music, a project."""
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter

    for number in range(24):
        picture = QImage(640, 420, QImage.Format.Format_RGB32)
        painter = QPainter(picture)
        gradient = QLinearGradient(0, 0, 640, 420)
        gradient.setColorAt(0, QColor.fromHsv(number * 15 % 360, 120, 235))
        gradient.setColorAt(1, QColor.fromHsv((number * 15 + 60) % 360, 190, 120))
        painter.fillRect(picture.rect(), gradient)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(255, 250, 220))
        painter.drawEllipse(60 + number * 20, 60 + number % 5 * 30, 90, 90)
        painter.end()
        album = folder / "Pictures" / f"{2019 + number % 5} holiday"
        album.mkdir(parents=True, exist_ok=True)
        name = album / f"IMG_{4100 + number}.png"
        picture.save(str(name))
        if number % 3 == 0:
            backup = folder / "Backup" / "old phone"
            backup.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, backup / name.name)
        if number % 6 == 0:
            shutil.copy2(name, album / f"Copy of {name.name}")
    for number in range(60):
        letters = folder / "Documents" / ("Letters", "Bills", "Notes")[number % 3]
        letters.mkdir(parents=True, exist_ok=True)
        (letters / f"letter {number:03}.txt").write_text(f"Dear reader number {number % 40},\n" * (20 + number * 30))
    for number in range(8):
        music = folder / "Music" / "Album"
        music.mkdir(parents=True, exist_ok=True)
        (music / f"{number:02} song.mp3").write_bytes(bytes([number]) * 900_000)
    (folder / "Documents" / "पत्र और <b>नाम & more.txt").write_text("नमस्ते\n" * 200, "utf-8")


def make_home(folder: Path, state: str) -> Places:
    """A home whose daemon is as the state says."""
    where = places(folder / state)
    launcher.start_daemon(where.home)
    if state != "empty":
        tree = folder / f"tree-{state}"
        make_tree(tree)
        with Client(where) as client:
            client.add_root(tree, no_scan=True, name="home")
            for job in client.start_scan([str(tree)]).jobs:
                for _ in client.follow_job(job.id):
                    pass
    if state == "error":
        stop(where)
    return where


def stop(where: Places) -> None:
    """Ends a daemon, and waits until it is gone."""
    with Client(where) as client:
        pid = client.stop_daemon().pid
    launcher.wait_stopped(where, 60, pid)


def wait_quiet(app: QApplication, frame: Frame) -> None:
    """Lets the loop run until nothing was asked for a while."""
    began_s = quiet_s = time.monotonic()
    while time.monotonic() - quiet_s < QUIET_S and time.monotonic() - began_s < AT_MOST_S:
        app.processEvents()
        time.sleep(0.005)
        if not frame.is_idle or frame.state.link.value == "connecting":
            quiet_s = time.monotonic()


def take(target: Path, home: Path, scheme: str, language: str, pages: list[str]) -> None:
    """Takes one picture of each page, in this process."""
    from PySide6.QtWidgets import QApplication

    from sanchay_tray.window import app as window_app
    from sanchay_tray.window import colours
    from sanchay_tray.window.frame import Frame
    from sanchay_tray.window.pages import ENTRIES
    from sanchay_tray.window.pages.copies.page import CopiesPage

    app = QApplication(["sanchay-window"])
    colours.want(scheme == "dark")
    window_app.prepare(app, language)
    frame = Frame(places(home))
    frame.begin("overview")
    frame.show()
    for entry in ENTRIES:
        if pages and entry.name not in pages:
            continue
        frame.resize(1180, 760)
        frame.go(entry.name)
        wait_quiet(app, frame)
        look = f"{home.name}-{scheme}-{language}-{os.environ.get('QT_SCALE_FACTOR', '1')}.png"
        frame.grab().save(str(target / f"{entry.name}-{look}"))
        page = frame.page()
        if isinstance(page, CopiesPage):
            page.switch.places.click()
            wait_quiet(app, frame)
            frame.grab().save(str(target / f"{entry.name}-by-place-{look}"))
            page.switch.groups.click()
    frame.close()


def main(arguments: list[str]) -> int:
    """Makes the homes, and has a process for each look take the pictures."""
    target, pages = Path(arguments[0]).absolute(), arguments[1:]
    target.mkdir(parents=True, exist_ok=True)
    from sanchay_tray.words import languages

    with tempfile.TemporaryDirectory(prefix="sanchay-screenshots-") as folder:
        homes = {state: make_home(Path(folder), state) for state in STATES}
        try:
            for state, scheme, language, scale in itertools.product(STATES, SCHEMES, languages(), SCALES):
                command = [sys.executable, __file__, "--take", str(target), str(homes[state].home), scheme, language]
                env = {**os.environ, "QT_SCALE_FACTOR": scale, "QT_LOGGING_RULES": "*.debug=false;qt.qpa.*=false"}
                subprocess.run([*command, *pages], env=env, check=True, stderr=subprocess.DEVNULL)
        finally:
            for state in ("empty", "full"):
                stop(homes[state])
    print(f"{len(list(target.glob('*.png')))} pictures are in {target}")
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "--take":
        take(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], sys.argv[5], sys.argv[6:])
        sys.exit(0)
    sys.exit(main(sys.argv[1:]))
