"""The page: the folders in a table, one of them in full below; or the first start."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from sanchay import paths
from sanchay.client import Client
from sanchay.errors import SanchayError
from sanchay.v1 import event_pb2, job_pb2, root_pb2
from sanchay_tray import cause_words
from sanchay_tray.model import Link, State
from sanchay_tray.window import shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.page import MARGIN, Either, Key, Page
from sanchay_tray.window.pages.folders import first_start, words
from sanchay_tray.window.pages.folders.detail import Acts, Detail
from sanchay_tray.window.pages.folders.first_scan import Found
from sanchay_tray.window.pages.folders.options import Changes, Options
from sanchay_tray.window.parts.dropping import Dropping, choose_folder
from sanchay_tray.window.parts.empty import Empty
from sanchay_tray.window.parts.rows import Column, Row, Rows
from sanchay_tray.window.parts.sheet import Sheet
from sanchay_tray.window.parts.text import button, muted, row, title
from sanchay_tray.words import count, mark, say

ROWS_SHOWN = 8
#: So many jobs back a scan is looked for that says what could not be read.
JOBS_LOOKED_AT = 200


class FoldersPage(Page):
    """Each folder of the catalog."""

    name = "folders"
    keys = (
        Key("Ctrl+N", mark("add a folder")),
        Key("Enter", mark("scan the chosen folder")),
        Key("F2", mark("its options and its name")),
        Key("Delete", mark("remove it from the catalog; no file is touched")),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._roots: dict[int, root_pb2.Root] = {}
        self._wanted = ""  # a name to choose once it is known
        self.waiting = Empty("folders", cause_words.link_text(desk.state.link))
        self.first = first_start.FirstStart(desk, self._show_state)
        self._known = QWidget()
        self._lay_known()
        self._either = Either(self.waiting, self.first, self._known)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._either)
        Dropping(self, self._dropped)
        for keys, does in (("Ctrl+N", self._choose), ("F2", self._options), ("Delete", self._remove)):
            shortcut = QShortcut(QKeySequence(keys), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(does)

    def _lay_known(self) -> None:
        layout = QVBoxLayout(self._known)
        layout.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        layout.setSpacing(12)
        self._add = button(say("Add a folder …"), self._choose, picture="add")
        hint = muted(say("or drop folders anywhere on this page"))
        hint.setWordWrap(False)
        layout.addWidget(row(title(say("Folders")), 1, hint, self._add))
        columns = (
            Column(say("Folder"), 20),
            Column(say("State"), 16),
            Column(say("Files"), 10, right=True),
            Column(say("Size"), 11, right=True),
            Column(say("Kept up"), 24),
            Column(say("Where"), 8),
        )
        self.rows = Rows(say("Folders in the catalog"), columns, self.desk.memory, "folders")
        self.rows.picked.connect(self._picked)
        self.rows.opened.connect(lambda _key: self._scan())
        layout.addWidget(self.rows)
        acts = Acts(self._scan, self._options, self._remove, self._accept, self._errors, self._space)
        self.detail = Detail(acts)
        self._below = Either(self.detail)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._below)
        column.addStretch(1)
        scroll.setWidget(holder)
        layout.addWidget(scroll, 1)

    # ---- What the page is told ----

    def enter(self, select: str = "") -> None:
        """`select` is a folder's name in the catalog."""
        self._wanted = select or self._wanted
        self._show_state()
        self.first.scan.look_again()

    def main(self) -> QWidget:
        """Its table."""
        return self.rows

    def state_changed(self, state: State) -> None:
        """Folders come, go, and change."""
        self._show_state()
        if self._either.shown() is self.first:
            self.first.show_state(state)

    def happened(self, event: event_pb2.Event) -> None:
        """The first scan goes on."""
        self.first.scan.happened(event)

    def back(self) -> bool:
        """Closes what is asked."""
        if self._either.shown() is not self._known or self._below.shown() is self.detail:
            return False
        self._close_sheet()
        return True

    # ---- What it shows ----

    def _show_state(self) -> None:
        state = self.desk.state
        self.waiting.text.setText(cause_words.link_text(state.link))
        if state.status is None:
            self._either.show_only(self.waiting)
        elif self.first.is_under_way or not state.roots:
            if self._either.shown() is not self.first:
                self._either.show_only(self.first)
                self.first.show_state(state)
        else:
            self._either.show_only(self._known)
            self._show_roots(state.roots)
        self._add.setEnabled(state.link is Link.UP)

    def _show_roots(self, roots: tuple[root_pb2.Root, ...]) -> None:
        self._roots = {root.id: root for root in roots}
        is_up = self.desk.state.link is Link.UP
        self.rows.show_rows([_row(root, is_up) for root in roots])
        self.rows.fit(ROWS_SHOWN)
        wanted = next((root.id for root in roots if root.name == self._wanted), None)
        if wanted is not None:
            self._wanted = ""
            self.rows.pick(wanted)
        if self._sheet_root is not None and self._sheet_root.id not in self._roots:
            self._close_sheet()  # it was removed elsewhere while something was asked of it
        self._show_detail()

    def _show_detail(self) -> None:
        root = self._root()
        if root is not None:
            self.detail.show_root(root, self.desk.state.link is Link.UP)

    def _picked(self, _key: object) -> None:
        self._close_sheet()
        self._show_detail()

    def _root(self) -> root_pb2.Root | None:
        key = self.rows.key()
        return self._roots.get(key) if isinstance(key, int) else None

    def _free_root(self) -> root_pb2.Root | None:
        """The chosen folder, where something can be asked of it and nothing is asked already."""
        is_free = self._sheet_root is None and self.desk.state.link is Link.UP
        return self._root() if is_free else None

    # ---- Sheets ----

    _sheet_root: root_pb2.Root | None = None

    def _open_sheet(self, root: root_pb2.Root, sheet: Sheet, focus: QWidget) -> None:
        self._close_sheet()
        self._sheet_root = root
        self._below.show_only(sheet)
        focus.setFocus()

    def _close_sheet(self) -> None:
        before = self._below.shown()
        self._sheet_root = None
        if before is not self.detail and before is not None:
            had_focus = before.isAncestorOf(self.focusWidget()) if self.focusWidget() is not None else False
            self._below.show_only(self.detail)
            self._below.drop(before)
            if had_focus:
                self.rows.setFocus()

    # ---- What can be done ----

    def _dropped(self, dropped: list[str]) -> None:
        if self._either.shown() is self.first:
            self.first.take(dropped)
        elif self._either.shown() is self._known:
            self._add_folders(dropped)

    def _choose(self) -> None:
        if self._either.shown() is self.first:
            self.first.choose()
        elif self.desk.state.link is Link.UP:
            choose_folder(self, self._add_folders)

    def _add_folders(self, chosen: list[str]) -> None:
        def added(found: Found) -> None:
            first_start.note(self.desk, found.jobs)
            if found.error is not None:
                self.desk.say_failed(found.error)
            if found.jobs:
                self._wanted = found.jobs[-1].root_names[0] if found.jobs[-1].root_names else ""
                n = len(found.jobs)
                self.desk.say_done(count("{n} folder is being scanned", "{n} folders are being scanned", n))

        self.desk.ask(self, lambda client: first_start.add(client, chosen), added, timeout_s=60.0)

    def _scan(self) -> None:
        root = self._root()
        if root is None or self.desk.state.link is not Link.UP:
            return
        name, raw = paths.safe_text(root.name), root.path.raw

        def started(answer: job_pb2.StartScanResponse) -> None:
            first_start.note(self.desk, tuple(answer.jobs))
            self.desk.say_done(say("{name} is being scanned", name=name))

        self.desk.ask(self, lambda client: client.start_scan([raw]), started)

    def _options(self) -> None:
        if (root := self._free_root()) is None:
            return
        raw = root.path.raw

        def save(changes: Changes) -> None:
            if not changes:
                self._close_sheet()
                return
            self.desk.did(f"root {root.id}")
            self.desk.ask(self, lambda client: client.update_root(raw, **changes), lambda _: self._close_sheet())

        sheet = Options(root, save, self._close_sheet)
        self._open_sheet(root, sheet, sheet.name)

    def _remove(self) -> None:
        if (root := self._free_root()) is None:
            return
        name, raw = paths.safe_text(root.name), root.path.raw

        def removed(answer: root_pb2.RemoveRootResponse) -> None:
            text = say("{name} is not in the catalog any more", name=name)
            if answer.schedules:
                names = paths.safe_text(", ".join(answer.schedules))
                text += " " + say("These schedules named it: {names}", names=names)
            self.desk.say_done(text)
            self._close_sheet()

        def remove() -> None:
            self.desk.did(f"root {root.id}")
            sheet.go.setEnabled(False)
            self.desk.ask(self, lambda client: client.remove_root(raw), removed, failed=failed, timeout_s=600.0)

        def failed(error: SanchayError) -> None:
            self._close_sheet()
            self.desk.say_failed(error)

        sheet = Sheet(
            say("Remove {name} from the catalog?", name=name),
            say("No file is touched. Sanchay forgets what it knows of {path}.", path=shown.path(root.path)),
            say("Remove"),
            remove,
            self._close_sheet,
        )
        self._open_sheet(root, sheet, sheet.stay)

    def _accept(self) -> None:
        if (root := self._free_root()) is None:
            return
        name, raw = paths.safe_text(root.name), root.path.raw

        def accepted(_answer: root_pb2.UpdateRootResponse) -> None:
            self.desk.say_done(say("{name} is being scanned as it is now", name=name))
            self._close_sheet()

        def accept() -> None:
            self.desk.did(f"root {root.id}")
            self.desk.ask(self, lambda client: client.update_root(raw, accept=True), accepted)

        sheet = Sheet(
            say("Is what is at this place now the right folder?"),
            say(
                "Then {name} is what {path} holds now. What is not in it leaves the catalog. No file is touched.",
                name=name,
                path=shown.path(root.path),
            ),
            say("It is the right one"),
            accept,
            self._close_sheet,
        )
        self._open_sheet(root, sheet, sheet.stay)

    def _errors(self) -> None:
        if (root := self._root()) is None:
            return
        root_id = root.id

        def last_partial(client: Client) -> job_pb2.Job | None:
            jobs = client.list_jobs(limit=JOBS_LOOKED_AT).jobs
            return next((j for j in jobs if j.kind == "scan" and root_id in j.root_ids and j.state == "partial"), None)

        self.desk.ask(self, last_partial, lambda job: self.desk.go("jobs", str(job.id) if job is not None else ""))

    def _space(self) -> None:
        if (root := self._root()) is not None:
            self.desk.go("space", root.name)


def _row(root: root_pb2.Root, is_up: bool) -> Row:
    text, tone = words.state(root, is_up=is_up)
    cells = (
        paths.safe_text(root.name),
        text,
        shown.number(root.files),
        shown.size(root.bytes),
        words.kept_up(root, is_up=is_up),
        shown.path(root.path),
    )
    return Row(root.id, cells, tone)
