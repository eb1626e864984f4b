"""The page: the line, what came of it in words, the rows, and a look at one of them."""

from __future__ import annotations

import os
from functools import partial
from typing import NamedTuple

from PySide6.QtCore import QEvent, QMimeData, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from sanchay.errors import InvalidQuery, SanchayError, TooManyViews
from sanchay.v1 import catalog_pb2, common_pb2, event_pb2, view_pb2
from sanchay_tray.model import ACTIVE, Link, State
from sanchay_tray.window import opening, shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.page import Either, Key, Page, page_layout
from sanchay_tray.window.pages.search import completing
from sanchay_tray.window.pages.search.finding import Finding
from sanchay_tray.window.pages.search.hits import Hits
from sanchay_tray.window.pages.search.line import QueryLine
from sanchay_tray.window.pages.search.preview import Preview
from sanchay_tray.window.pages.search.saved import SAVED_MOST, Start
from sanchay_tray.window.pages.search.table import Table
from sanchay_tray.window.pages.search.tools import Tools
from sanchay_tray.window.pages.search.widening import in_paths
from sanchay_tray.window.parts.empty import Empty
from sanchay_tray.window.parts.text import Label, button, title
from sanchay_tray.words import count, mark, say

FOLDERS_ASKED = 200


class Said(NamedTuple):
    """What the daemon says of all hits."""

    total: int
    is_exact: bool
    total_bytes: int | None
    folders: int
    freshness: common_pb2.Freshness
    not_compared: int

    @classmethod
    def of_first(cls, page: catalog_pb2.FindResponse) -> Said:
        """With the first hits."""
        is_exact = page.HasField("total")
        total = page.total if is_exact else page.total_at_least
        total_bytes = page.total_bytes if page.HasField("total_bytes") else None
        return cls(total, is_exact, total_bytes, page.folders, page.freshness, page.not_compared.files)

    @classmethod
    def of_view(cls, view: view_pb2.ViewOpened) -> Said:
        """With the order of all."""
        total_bytes = view.total_bytes if view.HasField("total_bytes") else None
        return cls(view.total, True, total_bytes, view.folders, view.freshness, view.not_compared.files)


class SearchPage(Page):
    """Finds files as one types."""

    name = "search"
    keys = (
        Key("↓, Enter", mark("go from the line to the files found")),
        Key("Tab", mark("take the first completion")),
        Key("Space", mark("preview the selected file")),
        Key("Enter, O", mark("open it")),
        Key("F", mark("show it in its folder")),
        Key("Ctrl+C", mark("copy its path")),
        Key("Ctrl+S", mark("save the search")),
        Key("Ctrl+E", mark("export what was found")),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._expression = ""
        self._known: dict[str, list[str]] = {}
        self._sort = desk.memory.get("search.sort", "")
        self._said: Said | None = None
        self._selected = b""
        self._up = False
        self._lay()
        self.finding = Finding(desk, self.hits, self)
        self.finding.first.connect(self._show_first)
        self.finding.opened.connect(self._opened)
        self.finding.failed.connect(self._failed)
        self.finding.outdated.connect(self._outdated.setVisible)
        self.finding.found.connect(self._move)
        self.hits.arrived.connect(lambda *_: self._moved(0))
        self.start.show_saved(self._saved())
        self._show_parts()

    def _lay(self) -> None:
        layout = page_layout(self)
        self.tools = Tools(self.desk)
        self.tools.kept.connect(self._save)
        head = QHBoxLayout()
        head.addWidget(title(say("Search")))
        head.addStretch(1)
        head.addWidget(self.tools)
        layout.addLayout(head)
        self.line = QueryLine()
        self.line.textChanged.connect(lambda _: self._ask())
        self.line.typed.connect(self._complete)
        self.line.down.connect(self._go_down)
        layout.addWidget(self.line)
        self.said = Label(tone="muted")
        self._outdated = button(say("Files may have changed: show the list as it is now"), self._open_again, flat=True)
        self._outdated.hide()
        self.said.setMinimumHeight(self._outdated.sizeHint().height())  # the rows stay where they are when it comes
        below = QHBoxLayout()
        below.addWidget(self.said, 1)
        below.addWidget(self._outdated)
        layout.addLayout(below)
        self._folders = button("", self._find_folders, flat=True)
        layout.addWidget(self._folders, alignment=Qt.AlignmentFlag.AlignLeading)
        widely = say("Look for this in the names of folders, too")
        self._in_paths = button(widely, self._find_in_paths, flat=True)
        layout.addWidget(self._in_paths, alignment=Qt.AlignmentFlag.AlignLeading)
        self.hits = Hits(self)
        self.table = Table(self.hits)
        self.table.did.connect(self._do)
        self.table.moved.connect(self._moved)
        self.table.ordered.connect(self._sort_by)
        self.table.too_many.connect(self._say_too_many)
        self.table.restore(self.desk.memory.get_bytes("search.columns"), self._sort)
        self.preview = Preview()
        self.preview.hide()
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        for widget, stretch in ((self.table, 5), (self.preview, 3)):
            split.addWidget(widget)
            split.setStretchFactor(split.count() - 1, stretch)
        self._found = QWidget()
        column = QVBoxLayout(self._found)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(split)
        self.start = Start()
        self.start.chosen.connect(self._search_for)
        self.start.removed.connect(self._forget)
        self._none = Empty(
            "search",
            say("Nothing is cataloged yet"),
            say("Once a folder is scanned, every file in it is found here."),
            action=say("Choose folders"),
            pressed=lambda: self.desk.go("folders"),
        )
        self._either = Either(self.start, self._found, self._none)
        layout.addWidget(self._either, 1)

    # ---- What the page is told ----

    def enter(self, select: str = "") -> None:
        """Shows a search, or goes to the line (`focus`)."""
        if select and select != "focus":
            self.line.setText(select)
        self.line.setFocus()
        self.line.selectAll()
        self._begin()

    def leave(self) -> None:
        """Ends what goes on."""
        self.finding.stop()
        self.preview.close_files()
        self.line.show_offer(completing.NONE)
        self.desk.memory.put_bytes("search.columns", self.table.horizontalHeader().saveState())

    def state_changed(self, state: State) -> None:
        """Asks again once the daemon is back."""
        up = state.link is Link.UP and bool(state.roots)
        self._known["root"] = [root.name for root in state.roots]
        before, self._up = self._up, up
        self._show_parts()
        if before and not up:
            self._say_found()
        if up and not before and self.isVisible():
            self._begin()

    def happened(self, event: event_pb2.Event) -> None:
        """How fresh the hits are may be another thing now."""
        if event.kind in ("reconciled", "status", "root_offline", "root_online") or (
            event.kind == "job" and event.job.state not in ACTIVE
        ):
            self.finding.note_change()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isVisible() and self.isActiveWindow():
            self.finding.look_again()

    def back(self) -> bool:
        """Closes the preview, then empties the line."""
        if self.preview.isVisible():
            self.preview.hide()
        elif self.line.text():
            self.line.clear()
            self.line.setFocus()
        else:
            return False
        return True

    def focus_filter(self) -> bool:
        """Goes to the line."""
        self.line.setFocus()
        self.line.selectAll()
        return True

    # ---- What it asks ----

    def _begin(self) -> None:
        if not self._up:
            return
        self.desk.ask(
            self,
            lambda client: client.summary("ext"),
            self._learn_extensions,
            failed=lambda _: None,
            key="extensions",
        )
        self._ask()

    def _learn_extensions(self, summary: catalog_pb2.SummaryResponse) -> None:
        self._known["ext"] = [*(row.key for row in summary.rows if row.key), "none"]

    def _ask(self) -> None:
        self._expression = self.line.text().strip()
        self._show_parts()
        if self._up or not self._expression:
            self.finding.ask(self._expression, self._sort)
        else:
            self.finding.stop()

    def _sort_by(self, sort: str) -> None:
        self._sort = sort
        self.desk.memory.put("search.sort", sort)
        self._ask()

    def _open_again(self) -> None:
        self.finding.open_again()

    def _failed(self, error: SanchayError) -> None:
        if isinstance(error, InvalidQuery):
            # The daemon counts from the expression that was asked, without the blanks before it.
            blanks = len(self.line.text()) - len(self.line.text().lstrip())
            if error.position is not None:
                self.line.mark_wrong(blanks + error.position, len(error.term or ""))
            self._say(error.message, "bad")
        elif isinstance(error, TooManyViews):
            self._say_found()  # of the first hits, which are there
        elif self.desk.state.link is Link.UP:
            self._say(error.message, "bad")

    # ---- What it shows ----

    def _show_parts(self) -> None:
        state = self.desk.state
        if state.status is not None and not state.roots:
            self._either.show_only(self._none)
        else:
            self._either.show_only(self._found if self._expression else self.start)
        self.tools.show_for(self._expression)
        if not self._expression:
            self._said = None
            self._say("")
        self._folders.setVisible(False)
        self._in_paths.setVisible(False)

    def _show_first(self, page: catalog_pb2.FindResponse) -> None:
        self.line.mark_right()
        self._said = Said.of_first(page)
        row = self.hits.position_of(self._selected)
        if row >= 0:
            self.table.select(row)
        self._look()
        self._say_found()

    def _opened(self, view: view_pb2.ViewOpened) -> None:
        self.line.mark_right()
        self._said = Said.of_view(view)
        self._say_found()
        current = self._current()
        if current is not None:
            self.finding.find(current.path.raw)

    def _move(self, path: bytes, position: int) -> None:
        if path == self._selected:  # else another one was selected
            self.table.move_to(position)

    def _say_found(self) -> None:
        said = self._said
        if said is None:
            return
        files = count("{n} hit", "{n} hits", said.total)
        parts = [files if said.is_exact else say("at least {hits}", hits=files)]
        if said.total_bytes is not None and said.total:
            parts.append(shown.size(said.total_bytes))
        parts.append(shown.freshness(said.freshness, is_up=self._up))
        listed = self.finding.listed
        if listed is not None and listed < said.total:
            parts.append(say("only the first {n} are listed", n=listed))
        if said.not_compared:
            parts.append(count("{n} file is not compared yet", "{n} files are not compared yet", said.not_compared))
        self._say("  ·  ".join(parts), "muted")
        self._folders.setVisible(bool(said.folders) and not said.total)
        is_known = said.is_exact and not said.total and not said.folders
        self._in_paths.setVisible(is_known and in_paths(self._expression) is not None)
        folders = count("Show {n} folder of this name", "Show {n} folders of this name", said.folders)
        self._folders.setText(folders)
        self._folders.setAccessibleName(folders)

    def _say(self, text: str, tone: str = "muted") -> None:
        self.said.set_tone(tone)
        self.said.setText(text)

    def _say_too_many(self) -> None:
        self.desk.say_done(say("So many files cannot be dragged at once"))

    def _complete(self, text: str, cursor: int) -> None:
        folder = completing.folder_asked(text, cursor)
        if folder is not None and self._up:
            self.desk.ask(
                self,
                lambda client: client.disk_usage(folder, depth=1, limit=FOLDERS_ASKED),
                partial(self._offer_folders, text, cursor),
                failed=lambda _: None,
                key="folders",
            )
        self.line.show_offer(completing.offer(text, cursor, self._known) if folder is None else completing.NONE)

    def _offer_folders(self, text: str, cursor: int, usage: catalog_pb2.DiskUsageResponse) -> None:
        if self.line.text() == text:
            folders = [os.fsdecode(row.path.raw) for row in usage.rows if row.depth == 1]
            whole = [each for each in folders if not any("\ud800" <= letter <= "\udfff" for letter in each)]
            self.line.show_offer(completing.offer(text, cursor, {"under": whole}))

    # ---- What is done with a hit ----

    def _current(self) -> catalog_pb2.FileRow | None:
        at = self.table.current_row()
        row: catalog_pb2.FileRow | None = self.hits.row(at) if at >= 0 else None
        return row

    def _go_down(self) -> None:
        if self.hits.total():
            self.table.setFocus()
            if self.table.current_row() < 0:
                self.table.select(0)

    def _moved(self, _row: int) -> None:
        current = self._current()
        self._selected = current.path.raw if current is not None else b""
        self._look()

    def _look(self) -> None:
        if self.preview.isVisible():
            self.preview.show_row(self._current())

    def _do(self, what: str) -> None:
        row = self._current()
        if what == "up":
            self.line.setFocus()
        elif row is None:
            return
        elif what == "preview":
            self.preview.setVisible(not self.preview.isVisible())
            self._look()
            QTimer.singleShot(0, self.table, self.table.show_selected)  # there is less room for rows now
        elif what == "open":
            opening.open_file(row.path.raw)
        elif what == "folder":
            opening.show_in_folder(row.path.raw)
        elif what == "copy":
            data = QMimeData()
            data.setText(shown.path(row.path))
            data.setUrls([opening.url(row.path.raw)])
            QGuiApplication.clipboard().setMimeData(data)
            self.desk.say_done(say("The path was copied"))

    # ---- What is done with the search ----

    def _search_for(self, expression: str) -> None:
        self.line.setText(expression)
        self.line.setFocus()

    def _find_folders(self) -> None:
        self._search_for(f"{self._expression} type:folder")

    def _find_in_paths(self) -> None:
        self._search_for(in_paths(self._expression) or self._expression)

    def _saved(self) -> list[str]:
        return [each for each in self.desk.memory.get("search.saved", []) if isinstance(each, str)]

    def _keep(self, expressions: list[str]) -> None:
        self.desk.memory.put("search.saved", expressions[:SAVED_MOST])
        self.start.show_saved(self._saved())

    def _save(self, expression: str) -> None:
        self._keep([expression, *(each for each in self._saved() if each != expression)])
        self.desk.say_done(say("The search is kept on this page"))

    def _forget(self, expression: str) -> None:
        self._keep([each for each in self._saved() if each != expression])
