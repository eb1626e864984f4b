"""The page: filters and the table of groups, the members of the selected one, and from there the review."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from sanchay.client import Client
from sanchay.errors import SanchayError
from sanchay.v1 import catalog_pb2, dedupe_pb2, event_pb2, view_pb2
from sanchay_tray.model import ACTIVE, Link, State
from sanchay_tray.window import shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.page import Either, Page, page_layout
from sanchay_tray.window.pages.copies import of_all
from sanchay_tray.window.pages.copies import places as places_module
from sanchay_tray.window.pages.copies import review as review_module
from sanchay_tray.window.pages.copies.below import Below
from sanchay_tray.window.pages.copies.filters import Filter, FilterBar
from sanchay_tray.window.pages.copies.groups import Groups, totals
from sanchay_tray.window.pages.copies.kinds import SmallPictures
from sanchay_tray.window.pages.copies.list_place import Place, go_to, place_of
from sanchay_tray.window.pages.copies.news import News
from sanchay_tray.window.pages.copies.plan import OpenPlan
from sanchay_tray.window.pages.copies.plan_making import PLAN_S, Scope, find_or_make, open_plan
from sanchay_tray.window.pages.copies.rules import Rules as RulesPanel
from sanchay_tray.window.pages.copies.sheet import Sheet
from sanchay_tray.window.parts.long_rows import ROW_LINES, Rows, Table
from sanchay_tray.window.parts.text import button, muted, row, title
from sanchay_tray.window.pictures.pictures import Pictures
from sanchay_tray.words import count, say

#: Rows of the table are so high that their picture can be told from others.
ROW_HEIGHT, PICTURE = 44, 36
#: Events that come by the hundred are one piece of news, at most so often.
NEWS_MS = 700
#: Of the time, so many times as long as it takes to ask whether the list has changed, nothing is asked.
ASKED_SHARE = 20
#: What became of a plan elsewhere is asked for once for the decisions of so long.
AGAIN_MS = 200
#: Instead of a content: the first group that is undecided.
NEXT = b"next"


class CopiesPage(Page):
    """Groups of equal files."""

    name = "copies"
    keys = (*review_module.KEYS, *places_module.KEYS)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.filter = Filter.remembered(desk.memory.get("copies.filter", {}))
        self.pictures = Pictures(self)
        self.plan = OpenPlan(desk, self)
        self.review = review_module.Review(desk, self.plan, self.pictures)
        self.sheet = Sheet(desk)
        self.rules = RulesPanel(desk)
        self.places = places_module.Places(desk)
        self._opening = b""  # the content of the group that is to be reviewed once its plan is there
        self._up = False
        self._root_ids: set[int] = set()
        self._answer: view_pb2.ViewOpened | None = None
        self._groups: Groups | None = None
        self._place: Place | None = None  # where the list was before it is made again
        self._unknown: dict[bytes, None] = {}  # contents that are shown, and of which it is not known how they stand
        self._soon = self._once(NEWS_MS, self._news)
        self._again = self._once(AGAIN_MS, self.plan.look_again)
        self._standings = self._once(0, self._ask_standings)
        self._lay()
        self.plan.changed.connect(self._plan_changed)
        self.plan.stood.connect(self._repaint)
        self.review.left.connect(self._show_list)
        self.review.ruled.connect(self._show_rules)
        self.review.finished.connect(self._show_sheet)
        self.rules.closed.connect(lambda: self._show_review(self.review.number))
        self.rules.applied.connect(self._ruled)
        self.sheet.closed.connect(self._show_list)
        self.sheet.cleared.connect(self._cleared)
        self.places.told.connect(lambda text: self.total.setText(text) if self.switch.by_place else None)
        self.places.empty.connect(self._ask_empty)
        self.places.planned.connect(self._show_pair)
        self.places.table.undoes.connect(self._take_back)
        self.places.wanted.connect(self._show_groups_of)
        self.state_changed(desk.state)

    def _once(self, after_ms: int, does: Callable[[], object]) -> QTimer:
        """Does something once for all that asks for it in a while."""
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(after_ms)
        timer.timeout.connect(does)
        return timer

    # ---- What the page is told ----

    def enter(self, select: str = "") -> None:  # noqa: ARG002 - a page's signature
        """Lists the groups, and looks for the plan that is under way."""
        self._list()
        self.sheet.look_again()
        if self.plan.plan is None:
            self._find_plan()
        else:
            self.plan.look_again()

    def main(self) -> QWidget | None:
        """The table of the list, or of the review; what is asked keeps the keys."""
        shown_now = self._stack.shown()
        if shown_now is self._listing:
            return self.table
        return self.review.table if shown_now is self.review else None

    def leave(self) -> None:
        """Lets go of the order and of the process of pictures."""
        for timer in (self._soon, self._again, self._standings):
            timer.stop()
        self.plan.flush()
        self.rows.close()
        self.pictures.close()
        self.desk.memory.put("copies.filter", asdict(self.filter))
        self.desk.memory.put_bytes("copies.columns", self.table.horizontalHeader().saveState())

    def state_changed(self, state: State) -> None:
        """Offers the roots; lists again once the daemon is back."""
        self.bar.show_roots(state.roots)
        up, self._up = self._up, state.link is Link.UP
        if self._up and not up and self.isVisible():
            self.enter()
        elif up and not self._up:
            self._say_total()
        before, self._root_ids = self._root_ids, {root.id for root in state.roots}
        if self._up and before - self._root_ids and self.isVisible():
            # Its groups are gone with a root; where none is left there is nothing to keep in its place.
            self._tell_soon() if self._root_ids else self._list(stay=False)
        self._set_actions()

    def happened(self, event: event_pb2.Event) -> None:
        """The groups may be others now, or the plan edited elsewhere."""
        if event.kind == "status" and "plans" in event.topics:
            self._again.start()
        if event.kind == "status" and "roots" in event.topics:
            self._tell_soon()
        ended = event.kind == "job" and event.job.state not in ACTIVE
        if event.kind in ("duplicate", "removed", "reconciled", "root_offline", "root_online", "dropped") or ended:
            self._tell_soon()

    def back(self) -> bool:
        """Esc: out of the sheet or the rules, then out of the review."""
        shown_now = self._stack.shown()
        if shown_now is self.rules:
            self._show_review(self.review.number)
        elif shown_now is self.review or (shown_now is self.sheet and not self.sheet.is_running):
            self._show_list()
        else:
            return False
        return True

    def focus_filter(self) -> bool:
        """Ctrl+F: the line for a part of a path."""
        if self._stack.shown() is not self._listing:
            return False
        self.bar.text.setFocus()
        self.bar.text.selectAll()
        return True

    # ---- The list ----

    def _lay(self) -> None:
        self.total = muted()
        self.bar = FilterBar(self.filter, self._filtered)
        small = SmallPictures(self, self.pictures, PICTURE, lambda: self.table.viewport().update())
        self.rows = Rows(of_all.columns(small, lambda: self.desk.state.roots, self._decided), self)
        self.table = Table(self.rows, say("Groups of copies"))
        self.table.set_row_height(lines=ROW_LINES, least=ROW_HEIGHT)
        self.table.setIconSize(QSize(PICTURE, PICTURE))
        header = self.table.horizontalHeader()
        state = self.desk.memory.get_bytes("copies.columns")
        em = self.table.fontMetrics().averageCharWidth()
        for column, width in enumerate((34, 9, 11, 15, 50)):
            self.table.setColumnWidth(column, width * em)
        if not state.isEmpty():
            header.restoreState(state)
        self.rows.opened.connect(self._opened)
        self.rows.failed.connect(self.desk.say_failed)
        self.rows.arrived.connect(lambda *_: self._show_members())
        self.table.moved.connect(lambda _: self._show_members())
        self.table.entered.connect(self._enter_group)
        self.news = News(self._list)
        self.below = Below(self.desk, self)
        self.members_model, self.members = self.below.model, self.below.table
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(self.members)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 1)
        self.start = button(say("Review"), self._review_next, main=True, hint=say("Decide group by group"))
        self.move_button = button(say("Move to the trash…"), self._show_sheet)
        self.progress = muted()
        self.progress.setWordWrap(False)
        self._found = split
        self._listing = QWidget()
        layout = QVBoxLayout(self._listing)
        layout.setContentsMargins(0, 0, 0, 0)
        self.switch = places_module.Switch(self.desk.memory.get("copies.by-place", False), self._switched)
        layout.addWidget(
            row(title(say("Copies")), self.switch, 1, self.progress, self.move_button, self.start, spacing=12)
        )
        layout.addWidget(self.total)
        layout.addWidget(self.news)
        layout.addWidget(self.bar)
        self._either = Either(split)
        layout.addWidget(self._either, 1)
        self._stack = Either(self._listing, self.review, self.rules, self.sheet)
        page_layout(self).addWidget(self._stack)

    def _decided(self, group: catalog_pb2.DuplicateGroup) -> str:
        if not self.plan.is_known(group.hash):
            self._unknown[group.hash] = None
            self._standings.start()
            return ""
        standing = self.plan.standing(group.hash)
        if standing is None:
            return ""
        return say("yes") if standing.is_decided else say("not yet")

    def _ask_standings(self) -> None:
        unknown, self._unknown = self._unknown, {}
        self.plan.ask_standings(unknown)

    def _repaint(self) -> None:
        if self.isVisible() and self._stack.shown() is self._listing:
            self.table.viewport().update()

    def _filtered(self, chosen: Filter) -> None:
        self.filter = chosen
        self.plan.take(None)
        self.review.forget()
        self._list(stay=False)
        self._find_plan()

    def _tell_soon(self) -> None:
        """Events may come faster than they are told: then they are told as often as may be, not never."""
        if not self._soon.isActive():
            self._soon.start()

    def _news(self) -> None:
        """The list stays as it is while one looks at it, and says where it would be another one now.

        On a disk in use files change all the time, and only few of them are copies: so it is asked, and the longer that
        takes, the less often.
        """
        if self.switch.by_place and self.places.model.pairs:
            self._tell_changed()
        elif self.rows.total() and self._groups is not None and not self.switch.by_place:
            began_s = time.monotonic()

            def then(has_changed: bool, now: catalog_pb2.DuplicatesResponse) -> None:
                self._soon.setInterval(max(NEWS_MS, round(ASKED_SHARE * 1000 * (time.monotonic() - began_s))))
                if has_changed:
                    self._tell_changed()
                elif self._answer is not None:  # the list is as it was, and known to be so until now
                    self._answer.freshness.CopyFrom(now.freshness)
                    self._say_total()

            self._groups.ask_changed(then)
        elif self._stack.shown() is self._listing:
            self._list()

    def _tell_changed(self) -> None:
        self.news.tell(say("The copies have changed since this list was made."))

    def _list(self, *, stay: bool = True) -> None:
        """Lists the groups again; where it may stay, at the group that was selected."""
        if self.desk.state.link is not Link.UP:
            return
        self.bar.show_for(by_place=self.switch.by_place)
        if self.filter.root and self._under() is None:  # it was removed: all the others, not none, are meant
            self.filter = replace(self.filter, root="")
            self.bar.show_filter(self.filter)
        self._soon.stop()
        self.news.hide()
        if self.switch.by_place:
            self.rows.close()
            self._either.show_only(self.places)
            self.places.list_pairs(self._scope())
            return
        # A list that has not come yet is made again where the one before it was.
        self._place = (place_of(self.table, self.rows) or self._place) if stay else None
        self._groups = Groups(self.desk, self.filter, self._under(), self._told, self._tell_soon)
        self.rows.show_source(self._groups)

    def _go_back(self, place: Place, total: int) -> None:
        """Selects the group that was selected, at the height where it was; where it is no more, the row."""
        row_now = min(place.row, total - 1)
        go_to(self.table, place, row_now)

        def found(position: int | None) -> None:
            if position is not None and self.table.current_row() == row_now and self._place is place:
                go_to(self.table, place, position)

        if self._groups is not None and place.content:
            self._groups.find(place.content, found)

    def _under(self) -> bytes | None:
        """The folder of the root that is chosen."""
        return next((root.path.raw for root in self.desk.state.roots if root.name == self.filter.root), None)

    def _told(self, answer: view_pb2.ViewOpened) -> None:
        self._answer = answer
        self._say_total()

    def _say_total(self) -> None:
        if self.switch.by_place:
            self.places.say_again(is_up=self._up)
        elif self._answer is not None:
            self.total.setText(totals(self._answer, is_up=self._up))

    def _opened(self, total: int) -> None:
        self._set_actions()
        if total:
            self._either.show_only(self._found)
            if self._place is not None:
                self._go_back(self._place, total)
            elif self.table.current_row() < 0:
                self.table.select(0)
        else:
            self._ask_empty()

    def _ask_empty(self) -> None:
        self.desk.ask(self, lambda client: client.summary("type"), self._show_empty, key="empty")

    def _show_empty(self, summary: catalog_pb2.SummaryResponse) -> None:
        if not (self.places.model.pairs if self.switch.by_place else self.rows.total()):
            narrow, show_all = self.filter.is_narrow, self.bar.clear
            self._either.show_only(of_all.without_groups(self.desk, summary, is_narrow=narrow, show_all=show_all))

    def _show_members(self) -> None:
        at = self.table.current_row()
        self.below.show(self.rows.row(at) if at >= 0 else None)

    # ---- The plan and the review ----

    def _scope(self) -> Scope:
        return Scope(self._under(), self.filter.min_size, self.filter.type)

    def _find_plan(self) -> None:
        scope, remembered = self._scope(), self.desk.memory.get("copies.plan", 0)

        def found(plan: dedupe_pb2.Plan | None) -> None:
            if plan is not None and self.plan.plan is None and scope == self._scope():
                self._take(plan)

        if self.desk.state.link is Link.UP:
            self.desk.ask(self, lambda client: open_plan(client, scope, remembered), found, key="plan")

    def _take(self, plan: dedupe_pb2.Plan) -> None:
        self.plan.take(plan)
        self.desk.memory.put("copies.plan", plan.id)
        self.desk.memory.sync()

    def _enter_group(self, at: int) -> None:
        group = self.rows.row(at)
        if group is not None:
            self._open_review(group.hash)
        elif self.rows.is_gone(at):
            self.news.tell(say("This group is gone: its copies went, or are no longer equal."))

    def _review_next(self) -> None:
        self._open_review(b"")

    def _open_review(self, content: bytes) -> None:
        """Opens the review at a group, or at the first that is undecided; the plan is made where none is under way."""
        scope, remembered = self._scope(), self.desk.memory.get("copies.plan", 0)
        self._opening = content or NEXT
        if self.plan.plan is not None:
            self._open_at(self._opening)
            return
        self.start.setEnabled(False)
        self.progress.setText(say("Looking at every copy…"))

        def found(plan: dedupe_pb2.Plan) -> None:
            self._take(plan)
            self._open_at(self._opening)

        def call(client: Client) -> dedupe_pb2.Plan:
            return find_or_make(client, scope, remembered)

        self.desk.ask(self, call, found, failed=self._not_opened, key="plan", timeout_s=PLAN_S)

    def _open_at(self, content: bytes) -> None:
        """Shows the group of a content in the review, or the first undecided one."""

        def found(number: int | None) -> None:
            plan, wanted = self.plan.plan, self._opening == content
            self._opening = b""
            if plan is None or not wanted:
                return
            if number is None and content != NEXT:
                self.total.setText(say("This group takes no part: its copies are wanted, hidden, or came just now."))
            elif plan.groups:
                self._show_review(number if number is not None else 0)

        if content == NEXT:
            self.plan.find_undecided(-1, found, self._not_opened)
        elif content:
            self.plan.find(content, found, self._not_opened)

    def _not_opened(self, error: SanchayError) -> None:
        self._opening = b""
        self._set_actions()
        self.desk.say_failed(error)

    def _plan_changed(self) -> None:
        self._set_actions()
        self._repaint()

    def _set_actions(self) -> None:
        plan, up = self.plan.plan, self.desk.state.link is Link.UP
        self.start.setVisible(not self.switch.by_place)
        self.progress.setVisible(not self.switch.by_place)
        self.start.setEnabled(up and self.rows.total() > 0)
        self.move_button.setVisible(plan is not None and plan.files > 0 and not self.switch.by_place)
        self.move_button.setEnabled(up)
        if plan is None:
            self.progress.setText("")
            return
        decided = say("{n} of {total} groups decided", n=plan.groups - plan.undecided, total=plan.groups)
        goes = count("{n} file goes", "{n} files go", plan.files)
        self.progress.setText(f"{decided}  ·  {goes}: {shown.size(plan.freed_bytes)}")

    def _show_list(self) -> None:
        self._stack.show_only(self._listing)
        self.places.put_away(is_used=self.sheet.has_begun)
        (self.places.table if self.switch.by_place else self.table).setFocus()
        self._list()

    def _show_review(self, number: int) -> None:
        fresh = self._stack.shown() is self._listing
        self._stack.show_only(self.review)
        if fresh:
            self.review.begin(number)
        else:
            self.review.go(number)

    def _show_rules(self) -> None:
        if self.plan.plan is not None:
            self._stack.show_only(self.rules)
            self.rules.show_rules(self._scope(), self.plan.plan, self.desk.state.roots)

    def _ruled(self, plan: dedupe_pb2.Plan) -> None:
        self._take(plan)
        self._opening = NEXT
        self._open_at(NEXT)

    def _show_sheet(self) -> None:
        if self.plan.plan is not None and not self.plan.is_telling:
            self.show_sheet(self.plan.plan.id)

    def show_sheet(self, plan: int) -> None:
        """Asks whether the files of a plan shall go."""
        self._stack.show_only(self.sheet)
        self.sheet.ask(plan)

    def _cleared(self) -> None:
        """Files went or came back: the plan is used up, and the next review makes another one."""
        if not self.places.has_plan:
            self.plan.take(None)
            self.review.forget()

    # ---- By place ----

    def _switched(self, by_place: bool) -> None:
        self.desk.memory.put("copies.by-place", by_place)
        self._set_actions()
        self._list()

    def _show_pair(self, plan: dedupe_pb2.Plan) -> None:
        self._stack.show_only(self.sheet)
        self.sheet.ask(plan.id)

    def _take_back(self) -> None:
        if self.sheet.take_back():
            self._stack.show_only(self.sheet)

    def _show_groups_of(self, folder: bytes) -> None:
        self.switch.groups.setChecked(True)
        self.bar.show_text(places_module.part_of_path(folder))
        self.table.setFocus()
