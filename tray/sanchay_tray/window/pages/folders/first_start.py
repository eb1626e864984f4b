"""The first start: which folders matter to you, then what is found in them as it is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QScrollArea, QVBoxLayout, QWidget

from sanchay.client import Client
from sanchay.errors import SanchayError
from sanchay.paths import safe_text
from sanchay.v1 import job_pb2, root_pb2
from sanchay_tray.model import Link, State
from sanchay_tray.window import login
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.page import MARGIN, Either
from sanchay_tray.window.pages.folders import candidates
from sanchay_tray.window.pages.folders.choice import Choices
from sanchay_tray.window.pages.folders.first_scan import FirstScan, Found
from sanchay_tray.window.parts.dropping import choose_folder
from sanchay_tray.window.parts.text import button, muted, row, title
from sanchay_tray.words import count, say


class FirstStart(QScrollArea):
    """Chooses folders, and starts. `left`: the person goes on to the page of folders."""

    def __init__(self, desk: Desk, left: Callable[[], object]) -> None:
        super().__init__()
        self._desk = desk
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._choosing = QWidget()
        self._lay()
        self.scan = FirstScan(desk, left)
        self._either = Either(self._choosing, self.scan)
        self.setWidget(self._either)
        self._asked = False
        self._starting = False
        self._is_at_login: bool | None = None

    def _lay(self) -> None:
        layout = QVBoxLayout(self._choosing)
        layout.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        layout.setSpacing(14)
        layout.addWidget(title(say("Which folders matter to you?")))
        layout.addWidget(
            muted(say("Sanchay looks at them and remembers what is where. Nothing is changed or sent anywhere."))
        )
        self.choices = Choices()
        self.choices.changed.connect(self._show_start)
        layout.addWidget(self.choices)
        another = button(say("Choose another folder …"), self.choose, picture="add")
        hint = muted(say("or drop it anywhere on this page"))
        hint.setWordWrap(False)
        layout.addWidget(row(another, hint, 1))
        self.at_login = QCheckBox(say("Start at login"))
        self.at_login.setVisible(False)
        layout.addWidget(self.at_login)
        self.start = button(say("Start"), self.begin, main=True)
        self._why_not = muted()
        self._why_not.setWordWrap(False)
        layout.addWidget(row(self.start, self._why_not, 1, spacing=12))
        layout.addStretch(1)

    @property
    def is_under_way(self) -> bool:
        """Whether the folders were chosen here, and the person has not gone on yet."""
        return self._starting or self.scan.is_under_way

    def show_state(self, state: State) -> None:
        """What is known of the daemon changed."""
        if not self._asked and state.link is Link.UP:
            self._asked = True
            self._desk.ask(self, candidates.suggested, self._offer, failed=self._not_offered, key="candidates")
            self._desk.ask(self, lambda _client: login.is_on(), self._show_login, key="is-at-login")
        self._show_start()
        if not self.is_under_way:
            self._either.show_only(self._choosing)
        self.scan.show_state(state)

    def choose(self) -> None:
        """Has a folder chosen by the desktop's dialog."""
        choose_folder(self, self.take)

    def take(self, paths: list[str]) -> None:
        """Ticks folders that were dropped or chosen."""
        self._desk.ask(self, lambda client: candidates.looked_at(client, paths), self.choices.tick)

    def begin(self) -> None:
        """Adds the folders that are ticked, and scans them."""
        paths = self.choices.ticked()
        self._starting = True
        self._show_start()
        wanted = self.at_login.isChecked()
        if self._is_at_login is not None and wanted is not self._is_at_login:
            self._desk.ask(self, lambda _client: login.turn(wanted), self._turned, key="login")
        self._desk.ask(self, lambda client: add(client, paths), self._begun, failed=self._failed, timeout_s=60.0)

    def _offer(self, found: tuple[root_pb2.RootCheck, ...]) -> None:
        self.choices.offer(found)
        self._show_start()

    def _not_offered(self, error: SanchayError) -> None:
        self._asked = False  # asked again once the daemon is back
        self._desk.say_failed(error)

    def _show_start(self) -> None:
        ticked, is_up = len(self.choices.ticked()), self._desk.state.link is Link.UP
        self.start.setEnabled(bool(ticked) and is_up and not self._starting)
        if not is_up:
            self._why_not.setText(say("Sanchay's service must run for this"))
        elif not ticked:
            self._why_not.setText(say("Tick at least one folder"))
        else:
            self._why_not.setText(count("{n} folder will be scanned", "{n} folders will be scanned", ticked))

    def _begun(self, found: Found) -> None:
        self._starting = False
        note(self._desk, found.jobs)
        if found.error is not None:
            self._desk.say_failed(found.error)
        if found.jobs:
            self._either.show_only(self.scan)
            self.scan.begin(found.jobs)
        self._show_start()

    def _show_login(self, is_on: bool | None) -> None:
        self._is_at_login = is_on
        self.at_login.setVisible(is_on is not None)
        self.at_login.setChecked(bool(is_on))

    def _turned(self, why_not: str) -> None:
        self._is_at_login = None if why_not else self.at_login.isChecked()
        if why_not:
            self._desk.say_done(say("Start at login was not changed: {why}", why=safe_text(why_not)))

    def _failed(self, error: SanchayError) -> None:
        self._starting = False
        self._show_start()
        self._desk.say_failed(error)


def add(client: Client, paths: Sequence[str | bytes]) -> Found:
    """Adds folders and starts their scans, which wait for no battery and no pause: a person waits for them."""
    added, error = [], None
    for path in paths:
        try:
            added.append(client.add_root(path, no_scan=True).root.path.raw)
        except SanchayError as one:
            error = one  # the others are added all the same
    jobs = tuple(client.start_scan(added).jobs) if added else ()
    return Found(jobs, error)


def note(desk: Desk, jobs: tuple[job_pb2.Job, ...]) -> None:
    """Notes that a person had these scans started here."""
    for job in jobs:
        desk.did(f"job {job.id}")
        for root_id in job.root_ids:
            desk.did(f"root {root_id}")
