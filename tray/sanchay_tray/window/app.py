"""The application around the window: its language, its colours as they change, its one place."""

from __future__ import annotations

import gc
import signal
import socket
import sys

from PySide6.QtCore import QLibraryInfo, QLocale, QSocketNotifier, Qt, QTranslator
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from sanchay.address import Places
from sanchay_tray import words
from sanchay_tray.window import colours, shown
from sanchay_tray.window.frame import Frame
from sanchay_tray.window.icons import icon
from sanchay_tray.window.memory import Memory
from sanchay_tray.window.single import Single

#: Languages that are written from right to left; Qt asks its translations, and has none for most of them.
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
#: After so long a thread that computes lets the loop go on: a map of 10,000 tiles is painted on one.
SWITCH_S = 0.001


def prepare(app: QApplication, language: str = "") -> None:
    """Gives an application our language, numbers and colours."""
    app.setApplicationName("sanchay-window")
    app.setApplicationDisplayName("Sanchay")
    app.setDesktopFileName("sanchay-window")
    app.setStyle("Fusion")
    spoken = words.speak(language)
    system = QLocale.system()
    locale = system if system.name().partition("_")[0] == spoken else QLocale(spoken)
    QLocale.setDefault(locale)
    words.write_numbers_by(shown.number)
    translator = QTranslator(app)
    if translator.load(locale, "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(translator)
    right = spoken in RIGHT_TO_LEFT
    app.setLayoutDirection(Qt.LayoutDirection.RightToLeft if right else Qt.LayoutDirection.LeftToRight)
    paint(app)
    QGuiApplication.styleHints().colorSchemeChanged.connect(lambda _scheme: paint(app))


def paint(app: QApplication) -> None:
    """Takes up the colours of now."""
    app.setPalette(colours.palette())
    app.setStyleSheet(colours.style_sheet())


def run(where: Places, page: str, select: str, language: str = "", *, has_tray: bool = True) -> int:
    """Shows the window until it is closed; its exit code. Where one is open already, that one comes to the front."""
    app = QApplication(sys.argv[:1])
    sys.setswitchinterval(SWITCH_S)
    single = Single(where)
    if not single.take():
        return 0 if single.call(page, select) else 1
    prepare(app, language or str(Memory(where).get("language", "")))
    app.setWindowIcon(icon("copies"))
    frame = Frame(where)
    single.called.connect(frame.come_forward)
    waker = _heed_signals(frame)
    frame.begin(page, select)
    if not has_tray:
        frame.say_no_tray()
    frame.show()
    gc.freeze()  # a collection of all that was imported takes 20 to 60 ms, on the loop, while someone types
    code = app.exec()
    del waker
    single.release()
    return code


def _heed_signals(frame: Frame) -> object:
    """Has Ctrl-C and SIGTERM close the window: Python hears of a signal only when its loop is woken."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *_: ours.recv(1))
    signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: frame.close())
    return (ours, theirs, notifier)
