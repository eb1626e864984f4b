"""The frame: the sidebar, the banners, one page at a time, and the line below. It is the desk of every page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from sanchay import launcher
from sanchay.address import Places
from sanchay.client import Client
from sanchay.errors import DaemonUnavailable, SanchayError, ShuttingDown, TimedOut
from sanchay.v1 import event_pb2
from sanchay_tray import cause_words, own_acts
from sanchay_tray.model import Link, State
from sanchay_tray.window import banners, keys_sheet
from sanchay_tray.window.asking import Asked, Asker, Failed
from sanchay_tray.window.hearing import Hearing
from sanchay_tray.window.keys import Keys
from sanchay_tray.window.memory import Memory
from sanchay_tray.window.page import Either, Key, Page
from sanchay_tray.window.pages import ENTRIES, Entry
from sanchay_tray.window.parts.empty import Empty
from sanchay_tray.window.sidebar import Sidebar
from sanchay_tray.window.statusline import StatusLine
from sanchay_tray.window.toast import Toast
from sanchay_tray.words import mark, say

Answer = TypeVar("Answer")

SIZE = (1180, 760)
#: Pages that `Esc` goes back over.
TRAIL_KEPT = 50
#: What an event `status` may be about.
TOPICS = ("roots", "settings", "pause", "plans", "schedules", "damage", "notices", "catalog")
KEYS = (
    Key("Ctrl+1 … Ctrl+9", mark("go to a page")),
    Key("Ctrl+F", mark("filter what the page shows")),
    Key("Ctrl+L", mark("search")),
    Key("F5", mark("scan every folder")),
    Key("Ctrl+,", mark("settings")),
    Key("?", mark("the keys of this page")),
    Key("Esc", mark("back")),
    Key("Ctrl+Q", mark("close the window")),
)


class Frame(QMainWindow):
    """The one window. `entries` are its pages."""

    def __init__(self, where: Places, entries: tuple[Entry, ...] = ENTRIES) -> None:
        self._font = QApplication.font()
        super().__init__()
        self.where = where
        self.memory = Memory(where)
        self.setWindowTitle(say("Sanchay"))
        self.setObjectName("sanchay-window")
        self._entries = {entry.name: entry for entry in entries}
        self._pages: dict[str, Page] = {}
        self._trail: list[str] = []
        self._is_asked_for = False  # the page; else one without folders yet begins with choosing them
        self._keys = Keys(self)
        self._asker = Asker(where, self)
        self._hearing = Hearing(where, self)
        self._asker.doubted.connect(self._hearing.doubt)
        self._hearing.changed.connect(self._state_changed)
        self._hearing.happened.connect(self._happened)
        self._lay()
        self._bind()
        self._restore()

    # ---- What a page is given (Desk) ----

    @property
    def state(self) -> State:
        """All that is known of the daemon now."""
        return self._hearing.state

    def ask(
        self,
        owner: QObject,
        call: Callable[[Client], Answer],
        then: Callable[[Answer], None],
        *,
        failed: Failed | None = None,
        key: str = "",
        timeout_s: float = 30.0,
        to_end: bool = False,
    ) -> Asked:
        """Makes a call on a thread; see Desk."""
        told = failed or self.say_failed
        return self._asker.ask(owner, call, then, told, key=key, timeout_s=timeout_s, to_end=to_end)

    def follow(
        self,
        owner: QObject,
        call: Callable[[Client], Iterator[Answer]],
        each: Callable[[Answer], None],
        *,
        failed: Failed | None = None,
        ended: Callable[[], None] | None = None,
        key: str = "",
    ) -> Asked:
        """A call with many answers; see Desk."""
        return self._asker.follow(owner, call, each, failed or self.say_failed, ended=ended, key=key)

    def work(
        self,
        owner: QObject,
        work: Callable[[], Answer],
        then: Callable[[Answer], None],
        failed: Callable[[Exception], None] | None = None,
    ) -> Asked:
        """Does something else on a thread; see Desk."""
        return self._asker.run(owner, work, then, failed or self._say_why)

    def go(self, page: str, select: str = "") -> None:
        """Shows a page; the one before is a step back from it."""
        before = self.page()
        if page not in self._entries:
            page = next(iter(self._entries))
        if before is not None and before.name == page:
            self._give_keys(before)
            before.enter(select)
            return
        if before is not None:
            before.leave()
            self._trail = [*self._trail, before.name][-TRAIL_KEPT:]
        self._show(page, select)

    def start_daemon(self) -> None:
        """Starts a daemon where none runs; what hinders it is said in a banner."""
        self._box.unsay("start")

        def failed(error: Exception) -> None:
            why = error.message if isinstance(error, SanchayError) else str(error)
            what = say("Sanchay's service could not be started")
            self._box.say(banners.Banner("start", "bad", what, why))

        self._asker.run(self, lambda: launcher.start_daemon(self.where.home), lambda _: self._hearing.hurry(), failed)

    def say_done(self, text: str, action: str = "", pressed: Callable[[], object] | None = None) -> None:
        """Says for a while what was done."""
        self.toast.say(text, action, pressed)

    def say_failed(self, error: SanchayError) -> None:
        """Says in a banner what did not work; that the daemon is gone, or does not answer, has a banner already."""
        gone = isinstance(error, (DaemonUnavailable, ShuttingDown)) or self._is_late(error)
        if not gone and not self._asker.is_closed:
            key = "late" if isinstance(error, TimedOut) else "failed"
            self._box.say(banners.Banner(key, "bad", error.message))

    def _is_late(self, error: SanchayError) -> bool:
        return isinstance(error, TimedOut) and self.state.link is not Link.UP

    def say_no_tray(self) -> None:
        """Says that the icon found no panel."""
        what, more = say("No panel on this desktop shows icons"), say("Starting the icon again opens this window.")
        self._box.say(banners.Banner("tray", "warn", what, more))

    def _say_why(self, error: Exception) -> None:
        if not self._asker.is_closed:
            self._box.say(banners.Banner("failed", "bad", str(error)))

    def did(self, what: str) -> None:
        """Notes that this person just did something here."""
        own_acts.note(self.where, what)

    # ---- The frame itself ----

    def page(self) -> Page | None:
        """The page that is shown."""
        shown = self._stack.currentWidget()
        return shown if isinstance(shown, Page) else None

    @property
    def is_idle(self) -> bool:
        """Whether no page waits for an answer."""
        return self._asker.is_idle

    def banner_texts(self) -> list[str]:
        """What the banners say."""
        return self._box.texts()

    def begin(self, page: str = "", select: str = "") -> None:
        """Begins to listen, and shows a page: the one that is asked for, else the last."""
        self._is_asked_for = bool(page)
        self._hearing.start()
        self.go(page or str(self.memory.get("page", "")), select)

    def come_forward(self, page: str = "", select: str = "") -> None:
        """Comes to the front, for another start of the program."""
        if page:
            self.go(page, select)
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def changeEvent(self, event: QEvent) -> None:
        """Takes up another size of text: widgets with a style sheet have it only once that is set again."""
        super().changeEvent(event)
        app = QApplication.instance()
        if event.type() == QEvent.Type.FontChange and isinstance(app, QApplication) and app.font() != self._font:
            self._font = app.font()
            app.setStyleSheet(app.styleSheet())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remembers how it was, and ends every call."""
        if (shown := self.page()) is not None:
            shown.leave()
            self.memory.put("page", shown.name)
        self.memory.put_bytes("geometry", self.saveGeometry())
        self.memory.sync()
        self._hearing.close()
        self._asker.close()
        super().closeEvent(event)

    def _lay(self) -> None:
        self.sidebar = Sidebar(tuple(self._entries.values()), self.go)
        self._box = banners.BannerBox(self._do)
        self._stack = QStackedWidget()
        self.toast = Toast()
        self.status_line = StatusLine(self._pause_job, self._cancel_job, lambda: self.go("jobs"))
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._away = Empty("drive", "")
        self._either = Either(self._stack, self._away)
        for widget, stretch in ((self._box, 0), (self._either, 1), (self.toast, 0), (self.status_line, 0)):
            column.addWidget(widget, stretch)
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.sidebar)
        row.addWidget(right, 1)
        self.setCentralWidget(whole)

    def _bind(self) -> None:
        for number, name in enumerate(self._entries, 1):
            if number <= 9:
                self._key(f"Ctrl+{number}", partial(self.go, name))
        self._key("Ctrl+F", self._filter)
        self._key("Ctrl+L", lambda: self.go("search", "focus"))
        self._key("F5", self._scan)
        self._key("Ctrl+,", lambda: self.go("settings"))
        self._key("?", self._show_keys)
        self._key("Esc", self._back)
        self._key("Ctrl+Q", self.close)

    def _key(self, keys: str, does: Callable[[], object]) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.activated.connect(lambda: does())

    def _restore(self) -> None:
        self.resize(*SIZE)
        geometry = self.memory.get_bytes("geometry")
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)

    def _show(self, name: str, select: str) -> None:
        page = self._pages.get(name)
        if page is None:
            page = self._pages[name] = self._entries[name].make(self)
            self._stack.addWidget(page)
        self._stack.setCurrentWidget(page)
        self.sidebar.mark(name)
        self.setWindowTitle(say("{page} – Sanchay", page=say(self._entries[name].title)))
        self._give_keys(page)
        page.state_changed(self.state)
        page.enter(select)

    def _give_keys(self, page: Page) -> None:
        main = page.main()
        if main is not None:
            self._keys.give(main)

    def _back(self) -> None:
        page = self.page()
        if page is not None and page.back():
            return
        if self._trail:
            name = self._trail.pop()
            if page is not None:
                page.leave()
            self._show(name, "")

    def _filter(self) -> None:
        page = self.page()
        if page is not None and not page.focus_filter():
            self.go("search", "focus")

    def _show_keys(self) -> None:
        page = self.page()
        if page is not None:
            keys_sheet.KeysSheet(self, say(self._entries[page.name].title), page.keys, KEYS).show()

    def _scan(self) -> None:
        self.ask(
            self, lambda client: client.start_scan(), lambda _: self.say_done(say("Every folder is being scanned"))
        )

    def _pause_job(self, job_id: int, pause: bool) -> None:
        def call(client: Client) -> object:
            return client.pause_job(job_id) if pause else client.resume_job(job_id)

        self.ask(self, call, lambda _: None)

    def _cancel_job(self, job_id: int) -> None:
        self.ask(self, lambda client: client.cancel_job(job_id), lambda _: self.say_done(say("The job was cancelled")))

    def _do(self, what: str) -> None:
        if what == "start":
            self.start_daemon()
        elif what.startswith("page:"):
            self.go(what.removeprefix("page:"))

    def _state_changed(self, state: State) -> None:
        self._box.show_state(banners.of_state(state))
        if state.link is not Link.UP:
            self._box.unsay("late")  # the link says more, and goes by itself
        # Where nothing was ever heard of the daemon, a page would say "none" where it is "not known".
        is_known = state.status is not None or state.link in (Link.UP, Link.CONNECTING)
        self._away.text.setText(cause_words.link_text(state.link))
        self._either.show_only(self._stack if is_known else self._away)
        self.status_line.show_state(state)
        self.sidebar.show_state(state)
        if state.link is Link.UP and not self._is_asked_for:
            self._is_asked_for = True
            if not state.roots:
                self.go("folders")
        if (page := self.page()) is not None:
            page.state_changed(state)

    def _happened(self, event: event_pb2.Event) -> None:
        page = self.page()
        if page is None:
            return
        page.happened(event)
        if event.kind == "dropped":  # whatever was lost: all that can change has changed
            page.happened(event_pb2.Event(kind="status", at_ns=event.at_ns, topics=TOPICS))
