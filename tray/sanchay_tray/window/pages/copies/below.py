"""Below the list: the members of the group that is selected in it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from sanchay.v1 import catalog_pb2
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.pages.copies.companions import companions_of
from sanchay_tray.window.pages.copies.members import Line, Members, members_table, roots_by_id


class Below(QObject):
    """`model` has the members, `table` shows them."""

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._shown = b""  # the content of the group
        self.model = Members(with_decisions=False)
        self.table = members_table(self.model, with_decisions=False)

    def show(self, group: catalog_pb2.DuplicateGroup | None) -> None:
        """Shows the members of this group, and what is beside each once that is known."""
        content = group.hash if group is not None else b""
        if group is None:
            self.model.show_lines(())
        elif content != self._shown:
            names = roots_by_id(self._desk.state.roots)
            self._show([Line(each.path.raw, each.modified_ns, names.get(each.root_id, "")) for each in group.paths])
        self._shown = content

    def _show(self, lines: list[Line]) -> None:
        self.model.show_lines(lines)
        paths = [line.path for line in lines]

        def then(found: dict[bytes, tuple[bytes, ...]]) -> None:
            if [line.path for line in self.model.lines] == paths:
                self.model.show_lines([replace(line, companions=found.get(line.path)) for line in lines])

        self._desk.ask(self, lambda client: companions_of(client, paths), then, failed=lambda _: None, key="companions")
