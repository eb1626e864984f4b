"""The page: the map beside its table, where one stands above, what the colours say and how the folder grows below."""

from __future__ import annotations

import os
from contextlib import suppress

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from sanchay import paths, terms
from sanchay.errors import SanchayError, UnknownPath
from sanchay.v1 import common_pb2, event_pb2
from sanchay_tray.model import ACTIVE, Link, State
from sanchay_tray.window import opening, shown
from sanchay_tray.window.colours import colours, is_dark
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.page import Either, Key, Page, page_layout
from sanchay_tray.window.pages.space import questions
from sanchay_tray.window.pages.space.colouring import COLOURINGS, Colouring, Facts, class_words, facts_of
from sanchay_tray.window.pages.space.crumbs import Crumbs, chain
from sanchay_tray.window.pages.space.legend import Legend
from sanchay_tray.window.pages.space.map import Map
from sanchay_tray.window.pages.space.paint import Job, name_of
from sanchay_tray.window.pages.space.table import Rows, Table
from sanchay_tray.window.pages.space.tree import Tree
from sanchay_tray.window.parts.changes import Changes
from sanchay_tray.window.parts.empty import Empty
from sanchay_tray.window.parts.line import Line
from sanchay_tray.window.parts.text import Elided, button, muted, title
from sanchay_tray.words import count, mark, say

#: Files that come and go change the map at most so often.
AGAIN_MS = 2000
HIDDEN_KEPT = 200


class SpacePage(Page):
    """What takes space. Map and table show the same folder, and what is selected in one is so in the other."""

    name = "space"
    keys = (
        Key("Enter", mark("go into the selected folder; show the selected file in its folder")),
        Key("Backspace", mark("go to the folder above")),
        Key("← ↑ → ↓", mark("select the neighbour on the map")),
        Key("H", mark("hide what is selected, or show it again")),
        Key("Shift+H", mark("show all that is hidden")),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._path = os.fsencode(desk.memory.get("space.path", ""))
        self._tree = Tree()
        self._top = 0
        self._selected: int | None = None
        self._came_from: bytes | None = None  # the folder that was shown before one that was not known yet
        self._shown: bytes | None = None  # the folder whose answer is shown
        self._asks_types = False  # such a question takes its time, and is not put again while it waits for its answer
        self._changed = False  # and something changed since it was put
        self._facts: Facts = facts_of({}, 0)
        self._hidden = {bytes.fromhex(each) for each in desk.memory.get("space.hidden", [])}
        self._up = False
        self._fresh: common_pb2.Freshness | None = None
        self._lay()
        self._changes = Changes(desk, self, AGAIN_MS)
        self._changes.changed.connect(self._ask_again)
        self._rows.show_hidden(self._hidden)
        self._show_hidden()
        self.legend.show_colouring(self._colouring())

    def _lay(self) -> None:
        layout = page_layout(self)
        self.colour = QComboBox()
        self.colour.setAccessibleName(say("What colours say"))
        for colouring in COLOURINGS:
            self.colour.addItem(say(colouring.name), colouring.key)
        self.colour.setCurrentIndex(max(self.colour.findData(self.desk.memory.get("space.colour", "")), 0))
        self.colour.currentIndexChanged.connect(self._colour_changed)
        self._shown_again = button("", self._show_all, flat=True)
        head = QHBoxLayout()
        head.addWidget(title(say("Space")))
        head.addStretch(1)
        head.addWidget(self._shown_again)
        head.addWidget(self.colour)
        layout.addLayout(head)
        self.crumbs = Crumbs()
        self.crumbs.gone.connect(self.show_folder)
        self._rows = Rows(self._colour_words)
        self.table = Table(self._rows)
        self.table.chosen.connect(self._choose)
        self.table.opened.connect(self._open)
        self.map = Map(self._job)
        self.map.chosen.connect(lambda node: self._choose(self._from_picture(node)))
        self.map.opened.connect(lambda node: self._open(self._from_picture(node), deepest=True))
        self.map.pointed.connect(lambda _: self._say_details())
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        for widget, stretch in ((self.table, 2), (self.map, 3)):
            split.addWidget(widget)
            split.setStretchFactor(split.count() - 1, stretch)
        split.setSizes([400, 600])
        self.details = Elided()
        self.legend = Legend()
        self.line = Line(say("How this folder grows"))
        self.growth = muted()
        self._freshness = Elided(tone="muted")
        self._freshness.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        for each in (self.crumbs, self.details):
            column.addWidget(each)
        column.addWidget(split, 1)
        column.addWidget(self.legend)
        foot = QHBoxLayout()
        foot.addWidget(self.line)
        foot.addWidget(self.growth, 3)
        foot.addWidget(self._freshness, 1)
        column.addLayout(foot)
        self.line.hide()
        self._body, self._none = body, Empty(
            "space",
            say("Nothing is cataloged yet"),
            say("Once a folder is scanned, this page shows what takes space in it."),
            action=say("Choose folders"),
            pressed=lambda: self.desk.go("folders"),
        )
        self._waits = Empty("space", say("Looking at what takes space …"))
        self._either = Either(self._waits, self._none, self._body)
        layout.addWidget(self._either, 1)

    # ---- What the page is told ----

    def enter(self, select: str = "") -> None:
        """Shows a folder, by its path, or the one that was shown last."""
        if select:
            self._path, self._selected, self._came_from = os.fsencode(select), None, None
        self._begin()

    def main(self) -> QWidget:
        """Its map."""
        return self.map

    def leave(self) -> None:
        """Ends what goes on."""
        self._changes.stop()

    def state_changed(self, state: State) -> None:
        """Asks again once the daemon is back, or the first folder is there."""
        up = state.link is Link.UP and bool(state.roots)
        if state.status is not None and not state.roots:
            self._either.show_only(self._none)
        before, self._up = self._up, up
        self._say_fresh()
        if up and not before and self.isVisible():
            self._begin()

    def happened(self, event: event_pb2.Event) -> None:
        """What was counted may be another number now."""
        if event.kind in ("reconciled", "status", "root_offline", "root_online") or (
            event.kind == "job" and event.job.state not in ACTIVE
        ):
            self._changes.note()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of map and table together."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._selected is not None:
            self._open(self._selected)
        elif event.key() == Qt.Key.Key_Backspace:
            self._go_out()
        elif event.key() == Qt.Key.Key_H:
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._show_all()
            else:
                self._hide()
        else:
            super().keyPressEvent(event)

    # ---- What it asks ----

    def _begin(self) -> None:
        if self.desk.state.link is not Link.UP or not self.desk.state.roots:
            return
        self._changes.listen()
        self._ask()
        path = self._path
        above = os.path.dirname(path) if path not in self._tops() else b""
        self.desk.ask(
            self,
            lambda client: questions.growth(client, path, above),
            self._show_growth,
            failed=lambda _: None,
            key="growth",
        )

    def _ask(self) -> None:
        path, at_once = self._path, self._shown == self._path
        with_types = self._colouring().needs_types
        self._asks_types, self._changed = with_types, False
        self._waits.text.setText(say("Looking at what takes space …"))
        self.desk.follow(
            self,
            lambda client: questions.usage(client, path, with_types=with_types, at_once=at_once),
            self._show,
            failed=self._failed,
            ended=lambda: self._answered(path),
            key="usage",
        )

    def _ask_again(self) -> None:
        if self._asks_types:
            self._changed = True
        else:
            self._ask()

    def _answered(self, path: bytes) -> None:
        self._shown, self._asks_types = path, False
        if self._changed:
            self._changes.note()

    def _failed(self, error: SanchayError) -> None:
        self._asks_types = False
        self._lost_folder(error)

    def _tops(self) -> list[bytes]:
        return [root.path.raw for root in self.desk.state.roots]

    def _lost_folder(self, error: SanchayError) -> None:
        if isinstance(error, UnknownPath) and self._path:
            self.show_folder(b"")  # the folder or its root is gone
        elif self.desk.state.link is Link.UP:
            self._waits.text.setText(say("What takes space is not known"))
            self.desk.say_failed(error)

    # ---- Where one stands ----

    def show_folder(self, path: bytes) -> None:
        """Shows a folder; an empty path: everything."""
        before, self._path = self._path, path
        self.desk.memory.put("space.path", os.fsdecode(path))
        known = self._tree.node_of(path) if len(self._tree) else None
        if known is not None:
            self._top = known  # what is known already stands until the daemon tells more
            self._select(self._towards(before) or self._first(), tree_changed=True)
        self._came_from = before if known is None else None
        self._begin()

    def _towards(self, path: bytes) -> int | None:
        """What right in the shown folder is a folder, or holds it."""
        inside = self._tree.node_of(path)
        ways = self._tree.above(inside) if inside is not None else []
        below = ways[ways.index(self._top) + 1 :] if self._top in ways else []
        return below[0] if below else None

    def _open(self, node: int | None, *, deepest: bool = False) -> None:
        if node is None:
            return
        folder = self._tree.folder(node)
        if self._tree.types[node] and not (deepest and self._tree.paths[folder] != self._path):
            opening.show_in_folder(self._tree.paths[node])
            return
        if deepest and node == folder and not self._tree.children[node]:
            folder = self._tree.parents[node]  # a double click on what holds nothing to show goes to what it lies in
        if self._tree.paths[folder] != self._path:
            self.show_folder(self._tree.paths[folder])
        elif self._tree.is_rest[node]:
            self._list_rest()

    def _list_rest(self) -> None:
        """What is too small for a separate tile, as hits. A path that is not valid text cannot be searched below."""
        with suppress(UnicodeDecodeError):
            self.desk.go("search", f"under:{terms.in_quotes(self._path.decode())}")

    def _go_out(self) -> None:
        above = chain(self._path, self._tops())[:-1]
        if above:
            self.show_folder(above[-1])

    def _first(self) -> int | None:
        return self._tree.children[self._top][0] if len(self._tree) and self._tree.children[self._top] else None

    def _from_picture(self, node: int) -> int | None:
        """A node of the painted tree in the one of now."""
        picture = self.map.picture
        if picture is None:
            return None
        tree = picture.job.tree
        return node if tree is self._tree else self._tree.same(tree, node)

    def _choose(self, node: int | None) -> None:
        if node is not None and node < len(self._tree):
            self._select(node)

    def _select(self, node: int | None, *, tree_changed: bool = False) -> None:
        self._selected = node
        if tree_changed:
            self.table.show_tree(self._tree, self._top, node)
            self.crumbs.show_chain(chain(self._path, self._tops()))
            self.map.paint_again()
        else:
            self.table.select(node)
        self.map.select(self._tree, node, self._words(self._tree, node) if node is not None else "")
        self._say_details()

    # ---- What it shows ----

    def _show(self, usage: questions.Usage) -> None:
        tree = usage.tree
        selected = self._selected
        again = None
        if selected is not None and len(tree):
            again = tree.same(self._tree, selected)
        self._tree, self._top = tree, 0
        self._either.show_only(self._body)
        if self._came_from is not None:
            again, self._came_from = self._towards(self._came_from), None
        self._select(again or self._first(), tree_changed=True)
        self._fresh = usage.freshness
        self._say_fresh()

    def _say_fresh(self) -> None:
        if self._fresh is None:
            return
        parts = [shown.freshness(self._fresh, is_up=self._up)]
        if self._tree.truncated:
            parts.append(say("only what is largest is shown"))
        self._freshness.show_text(", ".join(parts))

    def _show_growth(self, growth: questions.Growth) -> None:
        if growth.path != self._path:
            return
        pace = growth.pace
        self._facts = facts_of({row.path.raw: row.grown_bytes for row in pace.rows}, pace.days)
        if not pace.days:
            text = say("How fast it grows is known after a day.")
        elif pace.bytes_per_day > 0:
            text = say("{size} more each day", size=shown.size(pace.bytes_per_day))
        elif pace.bytes_per_day < 0:
            text = say("{size} less each day", size=shown.size(-pace.bytes_per_day))
        else:
            text = say("It does not grow")
        if pace.full_on_ns:
            text += "\n" + say("At this pace the disk is full on {day}", day=shown.day(pace.full_on_ns))
        self.growth.setText(text)
        self.line.setVisible(len(growth.history) > 1)
        self.line.show_points(growth.history, text)
        if self._colouring().key == "growth":
            self._colour_changed()

    def _words(self, tree: Tree, node: int) -> str:
        whole = tree.sizes[self._top] if tree is self._tree else tree.sizes[0]
        name = name_of(tree, node) if tree.is_rest[node] else shown.in_line(shown_place(tree, node))
        files = "" if tree.types[node] else count("{n} file", "{n} files", tree.files[node])
        share = shown.percent(tree.sizes[node] / whole) if whole else ""
        parts = (
            name,
            shown.size(tree.sizes[node]),
            share,
            files,
            class_words(self._colouring(), tree, node, self._facts),
        )
        return "  ·  ".join(part for part in parts if part)

    def _say_details(self) -> None:
        """What is under the pointer, else what is selected."""
        under = self.map.under_pointer()
        if under and self.map.picture is not None:
            self.details.show_text(self._words(self.map.picture.job.tree, under[-1]))
        elif self._selected is not None:
            self.details.show_text(self._words(self._tree, self._selected))
        else:
            self.details.show_text(say("This folder holds nothing"))

    def _colouring(self) -> Colouring:
        return COLOURINGS[max(self.colour.currentIndex(), 0)]

    def _colour_words(self, node: int) -> str:
        return class_words(self._colouring(), self._tree, node, self._facts)

    def _colour_changed(self) -> None:
        colouring = self._colouring()
        self.desk.memory.put("space.colour", colouring.key)
        self.legend.show_colouring(colouring)
        self._rows.colours_changed()
        self.map.paint_again()
        self._say_details()
        if colouring.needs_types and not self._tree.has_types and len(self._tree) and not self._asks_types:
            self._ask()

    def _job(self, painted: Map) -> Job | None:
        if not len(self._tree):
            return None
        return Job(
            self._tree,
            self._top,
            frozenset(self._hidden),
            self._colouring(),
            self._facts,
            painted.width(),
            painted.height(),
            painted.devicePixelRatioF(),
            painted.font(),
            colours(),
            is_dark(),
            painted.layoutDirection() == Qt.LayoutDirection.RightToLeft,
        )

    # ---- What is hidden ----

    def _hide(self) -> None:
        node = self._selected
        if node is None or self._tree.is_rest[node]:
            return
        path = self._tree.paths[node]
        if path in self._hidden:
            self._hidden.remove(path)
        elif len(self._hidden) < HIDDEN_KEPT:
            self._hidden.add(path)
        self._hidden_changed()

    def _show_all(self) -> None:
        self._hidden.clear()
        self._hidden_changed()

    def _hidden_changed(self) -> None:
        self.desk.memory.put("space.hidden", sorted(each.hex() for each in self._hidden))
        self._rows.show_hidden(self._hidden)
        self.map.paint_again()
        self._show_hidden()

    def _show_hidden(self) -> None:
        text = count("{n} is hidden: show it", "{n} are hidden: show them", len(self._hidden))
        self._shown_again.setText(text)
        self._shown_again.setAccessibleName(text)
        self._shown_again.setVisible(bool(self._hidden))


def shown_place(tree: Tree, node: int) -> str:
    """The whole path of a folder or file, as it can be shown."""
    return paths.shown_bytes(tree.paths[node]) if tree.paths[node] else say("Everything")
