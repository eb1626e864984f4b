"""The page: the line, what came of it in words, the rows, and a look at one of them."""

from __future__ import annotations

import itertools
import os
from functools import partial

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QHeaderView, QMenu, QSplitter, QToolButton, QVBoxLayout, QWidget

from sanchay import terms
from sanchay.client import Client
from sanchay.errors import InvalidQuery, SanchayError, ScheduleNameTaken
from sanchay.v1 import catalog_pb2, event_pb2
from sanchay_tray.model import ACTIVE, Link, State
from sanchay_tray.window import opening, shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.page import Either, Key, Page, page_layout
from sanchay_tray.window.pages.search import completing, exporting
from sanchay_tray.window.pages.search.hits import COLUMNS, PAGE_ROWS, ROWS_MOST, Hits, Table
from sanchay_tray.window.pages.search.line import QueryLine
from sanchay_tray.window.pages.search.preview import Preview
from sanchay_tray.window.pages.search.saved import SAVED_MOST, Start
from sanchay_tray.window.parts.changes import Changes
from sanchay_tray.window.parts.empty import Empty
from sanchay_tray.window.parts.text import Label, button, title
from sanchay_tray.words import count, mark, say

#: Files that come and go are asked for again at most so often, and then so many rows at once.
AGAIN_MS, AGAIN_ROWS = 1000, 2000
#: The first hits are shown after so long, while the others are looked for.
PATIENCE_MS = 100
FOLDERS_ASKED = 200
NAME_CHARACTERS = 60
EVERY = (
    (mark("Every day"), "0 8 * * *"),
    (mark("Every week"), "0 8 * * 1"),
    (mark("Every month"), "0 8 1 * *"),
)


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
        self._sort = ""
        self._page = catalog_pb2.FindResponse()
        self._up = False
        self._lay()
        self._changes = Changes(desk, self, AGAIN_MS)
        self._changes.changed.connect(self._ask_again)
        self.start.show_saved(self._saved())
        self._show_parts()

    def _lay(self) -> None:
        layout = page_layout(self)
        self._save = button(say("Save"), self._save_search, hint=say("Keep this search on this page"), flat=True)
        self._save.setAccessibleName(say("Save this search"))
        self._save.setShortcut("Ctrl+S")
        self._report = QToolButton()
        self._report.setText(say("Report …"))
        self._report.setAccessibleName(say("Make a report of this search by a schedule"))
        self._report.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.reports = QMenu(self._report)
        for name, cron in EVERY:
            self.reports.addAction(say(name)).triggered.connect(partial(self._make_report, cron))
        self._report.setMenu(self.reports)
        self._export = button(say("Export …"), self._choose_file, flat=True)
        self._export.setShortcut("Ctrl+E")
        head = QHBoxLayout()
        head.addWidget(title(say("Search")))
        head.addStretch(1)
        for tool in (self._save, self._report, self._export):
            head.addWidget(tool)
        layout.addLayout(head)
        self.line = QueryLine()
        self.line.textChanged.connect(lambda _: self._ask())
        self.line.typed.connect(self._complete)
        self.line.down.connect(self._go_down)
        layout.addWidget(self.line)
        self.said = Label(tone="muted")
        layout.addWidget(self.said)
        self._folders = button("", self._find_folders, flat=True)
        layout.addWidget(self._folders, alignment=Qt.AlignmentFlag.AlignLeading)
        self.hits = Hits()
        self.hits.more.connect(self._ask_more)
        self.table = Table(self.hits)
        self.table.did.connect(self._do)
        self.table.moved.connect(self._look)
        titles = self.table.horizontalHeader()
        titles.sectionClicked.connect(self._sort_by)
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
        self._restore_columns(titles)

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
        self._changes.stop()
        self.preview.close_files()
        self.line.show_offer(completing.NONE)
        self.desk.memory.put_bytes("search.columns", self.table.horizontalHeader().saveState())

    def state_changed(self, state: State) -> None:
        """Asks again once the daemon is back."""
        up = state.link is Link.UP and bool(state.roots)
        self._known["root"] = [root.name for root in state.roots]
        before, self._up = self._up, up
        self._show_parts()
        if before and not up and self._page.HasField("freshness"):
            self._say_found()
        if up and not before and self.isVisible():
            self._begin()

    def happened(self, event: event_pb2.Event) -> None:
        """What was found may be other files now."""
        if event.kind in ("reconciled", "status", "root_offline", "root_online") or (
            event.kind == "job" and event.job.state not in ACTIVE
        ):
            self._changes.note()

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
        self._changes.listen()
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
        """Asks for the first page; the question before is called off."""
        expression, sort = self.line.text().strip(), self._sort
        self._expression = expression
        self._show_parts()
        if not expression or not self._up:
            return
        self.desk.ask(
            self,
            lambda client: client.find(expression, sort=sort, limit=PAGE_ROWS, patience_ms=PATIENCE_MS),
            partial(self._show_first, expression),
            failed=self._failed,
            key="hits",
        )

    def _ask_again(self) -> None:
        """Asks for as many rows as are shown: they stay where they are."""
        expression, sort = self._expression, self._sort
        if not expression or not self._up:
            return
        limit = min(max(len(self.hits.rows), PAGE_ROWS), AGAIN_ROWS)
        self.desk.ask(
            self,
            lambda client: client.find(expression, sort=sort, limit=limit),
            partial(self._show, expression, again=True),
            failed=self._failed,
            key="hits",
        )

    def _ask_more(self) -> None:
        expression, sort, token = self._expression, self._sort, self.hits.token

        def show(page: catalog_pb2.FindResponse) -> None:
            if token == self.hits.token:
                self.hits.add_page(page)
                self._say_found()

        self.desk.ask(
            self,
            lambda client: client.find(expression, sort=sort, limit=PAGE_ROWS, page_token=token),
            show,
            failed=lambda _: self._ask_again(),  # the catalog moved on, and the token with it
            key="more",
        )

    def _failed(self, error: SanchayError) -> None:
        if isinstance(error, InvalidQuery):
            # The daemon counts from the expression that was asked, without the blanks before it.
            blanks = len(self.line.text()) - len(self.line.text().lstrip())
            if error.position is not None:
                self.line.mark_wrong(blanks + error.position, len(error.term or ""))
            self._say(error.message, "bad")
        elif self.desk.state.link is Link.UP:
            self._say(error.message, "bad")

    # ---- What it shows ----

    def _show_parts(self) -> None:
        state = self.desk.state
        if state.status is not None and not state.roots:
            self._either.show_only(self._none)
        else:
            self._either.show_only(self._found if self._expression else self.start)
        for widget in (self._save, self._report, self._export):
            widget.setVisible(bool(self._expression))
        if not self._expression:
            self.hits.clear()
            self._page = catalog_pb2.FindResponse()
            self._say("")
        self._folders.setVisible(False)

    def _show_first(self, expression: str, page: catalog_pb2.FindResponse) -> None:
        """What was found by then; the rest is asked for, and that nothing was found yet is not said to be nothing."""
        if page.rows or not page.out_of_patience:
            self._show(expression, page)
        if page.out_of_patience and expression == self._expression:
            self._ask_again()

    def _show(self, expression: str, page: catalog_pb2.FindResponse, *, again: bool = False) -> None:
        if expression != self._expression:
            return
        current = self._current()
        at = self.table.verticalScrollBar().value()
        self._page = page
        self.line.mark_right()
        self.hits.show_page(page, terms.sought(expression))
        if again:
            self.table.verticalScrollBar().setValue(at)
        row = self.hits.position_of(current.path.raw) if current is not None else -1
        if row >= 0:
            self.table.setCurrentIndex(self.hits.index(row, 0))
            if again:
                self.table.verticalScrollBar().setValue(at)
        self._look()
        self._say_found()

    def _say_found(self) -> None:
        page, rows = self._page, len(self.hits.rows)
        total = page.total if page.HasField("total") else page.total_at_least
        files = count("{n} hit", "{n} hits", total)
        parts = [files if page.HasField("total") else say("at least {hits}", hits=files)]
        if page.HasField("total_bytes") and total:
            parts.append(shown.size(page.total_bytes))
        parts.append(shown.freshness(page.freshness, is_up=self._up))
        if rows >= ROWS_MOST:
            parts.append(say("only the first {n} are listed", n=rows))
        if page.not_compared.files:
            parts.append(
                count("{n} file is not compared yet", "{n} files are not compared yet", page.not_compared.files)
            )
        self._say("  ·  ".join(parts), "muted")
        self._folders.setVisible(bool(page.folders) and not total)
        folders = count("Show {n} folder of this name", "Show {n} folders of this name", page.folders)
        self._folders.setText(folders)
        self._folders.setAccessibleName(folders)

    def _say(self, text: str, tone: str = "muted") -> None:
        self.said.set_tone(tone)
        self.said.setText(text)

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

    def _sort_by(self, column: int) -> None:
        word, titles = COLUMNS[column].sort, self.table.horizontalHeader()
        if not word:
            return
        first_down = word in ("size", "modified")
        before = self._sort.lstrip("-") == word
        down = not self._sort.startswith("-") if before else first_down
        self._sort = f"-{word}" if down else word
        titles.setSortIndicatorShown(True)
        titles.setSortIndicator(column, Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder)
        self.desk.memory.put("search.sort", self._sort)
        self._ask()

    def _restore_columns(self, titles: QHeaderView) -> None:
        state = self.desk.memory.get_bytes("search.columns")
        if not state.isEmpty():
            titles.restoreState(state)
        titles.setSectionsClickable(True)
        self._sort = self.desk.memory.get("search.sort", "")
        column = next((at for at, each in enumerate(COLUMNS) if each.sort and each.sort == self._sort.lstrip("-")), -1)
        titles.setSortIndicatorShown(column >= 0)
        if column >= 0:
            down = self._sort.startswith("-")
            titles.setSortIndicator(column, Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder)

    # ---- What is done with a hit ----

    def _current(self) -> catalog_pb2.FileRow | None:
        row = self.table.currentIndex().row()
        return self.hits.rows[row] if 0 <= row < len(self.hits.rows) else None

    def _go_down(self) -> None:
        if self.hits.rows:
            self.table.setFocus()
            if self._current() is None:
                self.table.setCurrentIndex(self.hits.index(0, 0))

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

    def _saved(self) -> list[str]:
        return [each for each in self.desk.memory.get("search.saved", []) if isinstance(each, str)]

    def _keep(self, expressions: list[str]) -> None:
        self.desk.memory.put("search.saved", expressions[:SAVED_MOST])
        self.start.show_saved(self._saved())

    def _save_search(self) -> None:
        if self._expression:
            self._keep([self._expression, *(each for each in self._saved() if each != self._expression)])
            self.desk.say_done(say("The search is kept on this page"))

    def _forget(self, expression: str) -> None:
        self._keep([each for each in self._saved() if each != expression])

    def _make_report(self, cron: str, _checked: bool = False) -> None:
        expression = self._expression
        printable = "".join(letter if letter.isprintable() else " " for letter in expression)
        name = printable if len(printable) <= NAME_CHARACTERS else printable[: NAME_CHARACTERS - 1] + "…"

        def add(client: Client) -> str:
            for number in itertools.count(1):
                free = name if number == 1 else f"{name} ({number})"
                try:
                    return client.add_schedule(free, "report", cron=cron, expression=expression).schedule.name
                except ScheduleNameTaken:
                    if number == 100:
                        raise
            raise AssertionError

        def added(name: str) -> None:
            self.desk.did("schedule")
            self.desk.say_done(
                say("A report of it is made by the schedule {name}", name=name),
                say("Look"),
                lambda: self.desk.go("schedules", name),
            )

        self.desk.ask(self, add, added, key="report")

    def _choose_file(self) -> None:
        dialog = QFileDialog(self, say("Export what was found"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(exporting.filters())
        dialog.setDefaultSuffix("csv")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(chosen.rpartition("*.")[2].rstrip(")")))
        dialog.fileSelected.connect(self.export_to)
        dialog.open()

    def export_to(self, path: str) -> None:
        """Writes all hits to a file."""
        expression = self._expression

        def tell(progress: exporting.Progress) -> None:
            if progress.complete:
                text = count(
                    "{n} row was written to {path}", "{n} rows were written to {path}", progress.rows, path=path
                )
                self.desk.say_done(text)

        self.desk.follow(self, lambda client: exporting.export(client, expression, path), tell, key="export")
