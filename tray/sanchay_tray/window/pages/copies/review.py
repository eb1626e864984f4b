"""The review: one group fills the page; each key decides something of it, and it goes on to the next undecided one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from sanchay.client import Client
from sanchay.errors import SanchayError
from sanchay.paths import shown_bytes
from sanchay_tray import decisions
from sanchay_tray.decisions import DROP, KEEP, UNDECIDED, Edits, Group, History, Member, Refused, Step
from sanchay_tray.window import opening, shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.page import Key
from sanchay_tray.window.pages.copies.big_picture import BigPicture
from sanchay_tray.window.pages.copies.companions import companions_of
from sanchay_tray.window.pages.copies.members import DECISION, Line, Members, members_table, roots_by_id, why
from sanchay_tray.window.pages.copies.plan import OpenPlan
from sanchay_tray.window.pages.copies.plan_groups import Seen
from sanchay_tray.window.parts.text import Elided, Label, button, heading, muted
from sanchay_tray.window.pictures.pictures import Pictures
from sanchay_tray.words import count, mark, say

KEYS = (
    Key("J, K", mark("next group, group before")),
    Key("↑ ↓", mark("another copy")),
    Key("Space", mark("drop the copy, or keep it")),
    Key("1 … 9", mark("keep this copy only")),
    Key("A", mark("keep all, and remember it")),
    Key("U", mark("undecided again")),
    Key("Ctrl+Z", mark("take a decision back")),
    Key("O", mark("open the file")),
    Key("F", mark("show it in its folder")),
    Key("Ctrl+C", mark("copy its path")),
    Key("R", mark("rules")),
)
#: Those that are shown below the group.
HINTS = (
    ("Space", mark("drop or keep")),
    ("1–9", mark("keep only this")),
    ("A", mark("keep all")),
    ("U", mark("undecided")),
    ("J K", mark("other group")),
    ("Ctrl+Z", mark("take back")),
)
#: What is beside the point is asked for once a group was shown for so long.
ASIDE_MS = 40
REFUSED = {
    "last-copy": mark("This is the last copy that stays: it cannot go. Keep another one first."),
    "last-copy-elsewhere": mark("The last copy of a group cannot go: that the others go was decided elsewhere."),
    "no-such-copy": mark("The group has no copy of this number."),
}
NOTHING_LEFT = mark("There is no decision left to take back.")
DECIDED_BEFORE = mark("Earlier decisions were not made in this review: press U at their groups to take them back.")


class Review(QWidget):
    """Shows one group of the open plan. `left`: back to the list; `ruled`: rules are wanted; `finished`: the sheet."""

    left = Signal()
    ruled = Signal()
    finished = Signal()

    def __init__(self, desk: Desk, plan: OpenPlan, pictures: Pictures) -> None:
        super().__init__()
        self._desk = desk
        self._plan = plan
        self.number = 0
        self.history = History()
        self._since = 0  # the version of the plan when the history began
        self._undoing = False
        self._companions: dict[bytes, tuple[bytes, ...]] = {}
        self._asked_companions = b""
        self._failed = False
        self._aside = QTimer(self)
        self._aside.setSingleShot(True)
        self._aside.setInterval(ASIDE_MS)
        self._aside.timeout.connect(self._ask_aside)
        self._lay(pictures)
        self._bind()
        plan.came.connect(self._came)
        plan.changed.connect(self._changed)
        plan.refused.connect(self._refused)

    # ---- Going from group to group ----

    def begin(self, number: int) -> None:
        """Shows a group. What was decided before in this window can still be taken back."""
        if not self._since and self._plan.plan is not None:
            self._since = self._plan.plan.version
        self.go(number)

    def forget(self) -> None:
        """There is nothing to take back any more: the plan is used up, or another one is meant."""
        self.history = History()
        self._since = 0

    def go(self, number: int) -> None:
        """Shows another group."""
        plan = self._plan.plan
        if plan is None or not plan.groups:
            return
        self.number = min(max(number, 0), int(plan.groups) - 1)
        self._failed = False
        self._undoing = False
        self.said.setText("")
        self._show(select=0)
        self.table.setFocus()

    def group(self) -> Group | None:
        """The group that is shown, once it was read."""
        seen = self._plan.group(self.number)
        return seen.group if seen is not None else None

    def _came(self, number: int) -> None:
        if number == self.number:
            self._show(select=None)
        elif number == self._plan.following(self.number) and self.isVisible():
            self._aside.start()  # its picture is made ready

    def _changed(self) -> None:
        if not self.isVisible():
            return
        if self._plan.plan is None:
            self.left.emit()
            return
        self._show_numbers()
        if self._plan.group(self.number) is None:
            self._read()
        else:
            self._aside.start()

    def _read(self) -> None:
        def failed(error: SanchayError) -> None:
            self._failed = True
            self.said.setText(error.message)

        if not self._failed:
            self._plan.ask_for(self.number, failed)

    # ---- What keys do ----

    def toggle(self) -> None:
        """Drops the selected copy, or keeps it."""
        self._try(lambda group: decisions.toggled(group, self.table.current_row()))

    def keep_only(self, at: int) -> None:
        """Keeps one copy, drops the others."""
        self._try(lambda group: decisions.only(group, at), rest=DROP)

    def keep_all(self) -> None:
        """Keeps all copies of the group, in the next plans too."""
        group = self.group()
        if group is not None:
            self._decide(group, decisions.all_kept(group), rest=KEEP, remember=True)

    def undecide(self) -> None:
        """Decides nothing of the group."""
        group = self.group()
        if group is not None:
            self._decide(group, decisions.all_undecided(group), rest=UNDECIDED)

    def undo(self) -> None:
        """Takes the last decision back, and shows its group: of this plan, or of the one that rules have made of it."""
        step, history = self.history.back()
        if self._undoing:
            return
        if step is None:
            self.said.setText(say(NOTHING_LEFT if self._since <= 1 else DECIDED_BEFORE))
            return

        def found(number: int | None) -> None:
            self._undoing = False
            seen = self._plan.group(number) if number is not None else None
            self.history = history
            if number is None or seen is None:
                self.said.setText(say("The group of the last decision is no longer in the plan."))
                return
            forget = step.before.hash if step.remembered else b""
            edits = decisions.restoring(step, seen.group)
            self._plan.decide(number, edits, rest=decisions.most_frequent(step.before), forget=forget)
            self.go(number)
            self.said.setText(say("Taken back."))

        standing = self._plan.standing(step.before.hash)
        if standing is not None and self._plan.group(standing.number) is not None:
            found(standing.number)
        else:
            self._undoing = True
            self._plan.find(step.before.hash, found, self._not_found)

    def _not_found(self, error: SanchayError) -> None:
        self._undoing = False
        self.said.setText(error.message)

    def _refused(self, number: int) -> None:
        """The daemon knows of copies that this window does not, and none of them would stay."""
        if self.isVisible():
            self.go(number)
            self.said.setText(say(REFUSED["last-copy-elsewhere"]))

    def _try(self, key: Callable[[Group], Edits | Refused], rest: str = "") -> None:
        group = self.group()
        if group is None:
            return
        edits = key(group)
        if isinstance(edits, Refused):
            self.said.setText(say(REFUSED[edits.why]))
        else:
            self._decide(group, edits, rest=rest)

    def _decide(self, group: Group, edits: Edits, *, rest: str = "", remember: bool = False) -> None:
        self.said.setText("")
        if edits or remember or (rest and group.hidden):
            self.history = self.history.with_step(Step(group, remember))
            self._plan.decide(group.number, edits, rest=rest, remember=group.hash if remember else b"")
        after = decisions.decided(group, edits)
        if after.is_decided and (remember or not group.is_decided or len(edits) > 1):
            self.next_undecided()

    def next_undecided(self) -> None:
        """Goes on; where every group is decided it says so."""
        here = self.number

        def found(number: int | None) -> None:
            if self.number != here:
                return  # another group is looked at by now
            if number is None:
                self.said.setText(say("Every group is decided."))
                self.move_button.setFocus()
            else:
                self.go(number)

        self._plan.find_undecided(here, found, self._not_found)

    def selected(self) -> bytes | None:
        """The path of the selected copy."""
        at = self.table.current_row()
        return self.members_model.lines[at].path if 0 <= at < len(self.members_model.lines) else None

    def _with_selected(self, do: Callable[[bytes], object]) -> None:
        path = self.selected()
        if path is not None and do(path) is False:
            self.said.setText(say("No program was found for it."))

    def _copy_path(self, path: bytes) -> None:
        QGuiApplication.clipboard().setText(os.fsdecode(path).encode("utf-8", "replace").decode())
        self.said.setText(say("The path was copied."))

    # ---- What is shown ----

    def _lay(self, pictures: Pictures) -> None:
        self.heading = heading("")
        self.numbers = muted()
        self.numbers.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        back = button(say("Back to the list"), self.left.emit, flat=True)
        rules = button(say("Rules…"), self.ruled.emit, hint=say("Let rules decide (R)"))
        self.move_button = button(say("Move to the trash…"), self.finished.emit, main=True)
        top = QHBoxLayout()
        for widget, stretch in ((back, 0), (self.heading, 1), (self.numbers, 1), (rules, 0), (self.move_button, 0)):
            top.addWidget(widget, stretch)
        self.picture = BigPicture(pictures)
        self.name = Elided()
        self.name.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.members_model = Members(with_decisions=True)
        self.table = members_table(self.members_model, with_decisions=True)
        self.table.installEventFilter(self)
        self.table.moved.connect(lambda _: self._show_why())
        self.table.clicked.connect(lambda index: self.toggle() if index.column() == DECISION else None)
        self.table.entered.connect(self.keep_only)
        self.why = muted()
        self.said = Label(tone="warn", bold=True)
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        for each in (self.table, self.why, self.said):
            column.addWidget(each)
        above = QWidget()
        column = QVBoxLayout(above)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.picture, 1)
        column.addWidget(self.name)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(above)
        split.addWidget(below)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        self.hint = muted("   ·   ".join(f"{keys}  {say(does)}" for keys, does in HINTS))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addWidget(split, 1)
        layout.addWidget(self.hint)

    def _bind(self) -> None:
        self._key("J", lambda: self.go(self.number + 1))
        self._key("K", lambda: self.go(self.number - 1))
        self._key("A", self.keep_all)
        self._key("U", self.undecide)
        self._key("R", self.ruled.emit)
        self._key("O", lambda: self._with_selected(opening.open_file))
        self._key("F", lambda: self._with_selected(opening.show_in_folder))
        self._key("Ctrl+Z", self.undo)
        self._key("Ctrl+C", lambda: self._with_selected(self._copy_path))
        for number in range(1, 10):
            self._key(str(number), partial(self.keep_only, number - 1))

    def _key(self, keys: str, does: Callable[[], object]) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(lambda: does())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Space decides in the table, and presses a button where one has the focus."""
        is_key = watched is self.table and event.type() == QEvent.Type.KeyPress
        if is_key and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space and not event.modifiers():
            self.toggle()
            return True
        return super().eventFilter(watched, event)

    def _show(self, select: int | None) -> None:
        self._show_numbers()
        seen = self._plan.group(self.number)
        if seen is None:
            self.members_model.show_lines(())
            self.why.setText("")
            self._read()
            return
        group = seen.group
        self.heading.setText(self._heading_of(group))
        names = roots_by_id(self._desk.state.roots)
        self.members_model.show_lines([self._line(member, seen, names) for member in group.members])
        if select is not None or self.table.current_row() < 0:
            self.table.select(select or 0)
        shown_first = _first_there(seen)
        file = seen.files.get(shown_first.path)
        name = shown_bytes(os.path.basename(shown_first.path))
        self.name.show_text(name)
        self.picture.show_file(shown_first.path, file.modified_ns if file is not None else 0, name)
        self._show_why()
        self._aside.start()

    def _line(self, member: Member, seen: Seen, roots: Mapping[int, str]) -> Line:
        file = seen.files.get(member.path)
        return Line(
            member.path,
            file.modified_ns if file is not None else 0,
            roots.get(file.root_id, "") if file is not None else "",
            member.decision,
            member.reason,
            file is not None,
            self._companions.get(member.path),
        )

    def _heading_of(self, group: Group) -> str:
        plan = self._plan.plan
        files = len({member.whose for member in group.members})
        copies = count("{n} copy", "{n} copies", files + group.hidden)
        total = int(plan.groups) if plan is not None else 0
        place = say("Group {number} of {total}", number=group.number + 1, total=total)
        each = say("{size} each", size=shown.size(group.size))
        return f"{place}  ·  {copies}  ·  {each}"

    def _show_numbers(self) -> None:
        plan = self._plan.plan
        if plan is None:
            return
        left = count("{n} group undecided", "{n} groups undecided", plan.undecided)
        goes = count("{n} file goes", "{n} files go", plan.files)
        self.numbers.setText(f"{left}\n{goes}: {shown.size(plan.freed_bytes)}")
        self.move_button.setEnabled(plan.files > 0 and not self._plan.is_telling)

    def _show_why(self) -> None:
        at = self.table.current_row()
        line = self.members_model.lines[at] if 0 <= at < len(self.members_model.lines) else None
        if line is None:
            self.why.setText("")
            return
        texts = [why(line)] if why(line) else []
        group = self.group()
        if group is not None and group.hidden:
            texts.insert(0, count("{n} more copy is not listed", "{n} more copies are not listed", group.hidden))
        if line.companions:
            names = ", ".join(shown_bytes(os.path.basename(each)) for each in line.companions)
            texts.append(say("Beside it: {names}", names=names))
        self.why.setText("  ·  ".join(texts))

    def _look_ahead(self) -> None:
        """Has the groups that are likely next ready, and the picture of the next undecided one."""
        self._plan.look_ahead(self.number)
        following = self._plan.following(self.number)
        seen = self._plan.group(following) if following is not None else None
        if seen is not None and seen.group.members:
            first = _first_there(seen)
            file = seen.files.get(first.path)
            self.picture.prepare(first.path, file.modified_ns if file is not None else 0)

    def _ask_aside(self) -> None:
        """What can wait until the group is painted: the next one, and what lies beside each copy under its name."""
        group = self.group()
        if group is None:
            return
        self._look_ahead()
        if group.hash == self._asked_companions:
            return
        self._asked_companions = group.hash
        paths = [member.path for member in group.members]

        def call(client: Client) -> dict[bytes, tuple[bytes, ...]]:
            return companions_of(client, paths)

        def then(found: dict[bytes, tuple[bytes, ...]]) -> None:
            self._companions = found
            self._show(select=None)

        self._desk.ask(self, call, then, failed=lambda _: None, key="companions")


def _first_there(seen: Seen) -> Member:
    """The first copy of a group that is there, for its picture."""
    members = seen.group.members
    return next((each for each in members if each.path in seen.files), members[0])
