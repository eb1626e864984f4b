"""The groups of a filter as a source of rows: a view that the daemon holds, read by position."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QObject

from sanchay.client import Client
from sanchay.errors import SanchayError
from sanchay.v1 import catalog_pb2, view_pb2
from sanchay_tray.window import shown
from sanchay_tray.window.asking import Asked
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.pages.copies.filters import Filter
from sanchay_tray.words import count, say

#: Names of a group that a row is made of: the page asks for all of them when the group is chosen.
PATHS = 100

Told = Callable[[view_pb2.ViewOpened], None]
MovedOn = Callable[[], None]


class Totals(NamedTuple):
    """What all groups come to: another one tells that the copies are other ones."""

    groups: int = 0
    redundant_files: int = 0
    freed_bytes: int = 0


class Groups:
    """The groups that a filter leaves. `told` gets what the daemon says of all of them; `moved_on`: it would be another
    order now.

    The view lives as long as the call that opened it. One that the daemon let go is opened again.
    """

    def __init__(self, desk: Desk, asked: Filter, under: bytes | None, told: Told, moved_on: MovedOn) -> None:
        self._desk = desk
        self._asked = asked
        self._under = under
        self._told = told
        self._moved_on = moved_on
        self._owner: QObject | None = None
        self._holding: Asked | None = None
        self._view = 0
        self._totals = Totals()

    def open(self, owner: QObject, total: Callable[[int], None], failed: Callable[[SanchayError], None]) -> None:
        """Has the daemon make the order, which says how many there are."""
        self._owner = owner

        def hold(client: Client) -> Iterator[view_pb2.OpenViewResponse]:
            view = client.open_groups(
                under=() if self._under is None else (self._under,),
                min_size_bytes=self._asked.min_size or None,
                types=self._types(),
                text=self._asked.text,
                sort=self._asked.sort,
            )
            opened = view.opened
            self._totals = Totals(opened.total, opened.redundant_files, opened.freed_bytes)
            if self._asked.text:
                self._totals = _totals(self._ask_now(client))
            yield view_pb2.OpenViewResponse(opened=view.opened)
            yield from view.news()

        def each(news: view_pb2.OpenViewResponse) -> None:
            if news.HasField("opened"):
                self._view = news.opened.view_id
                self._told(news.opened)
                total(news.opened.rows)
            elif news.HasField("moved_on"):
                self._moved_on()
            elif news.HasField("let_go"):
                self.open(owner, total, failed)

        self._holding = self._desk.follow(owner, hold, each, failed=failed, key="open")

    def read(
        self,
        position: int,
        limit: int,
        rows: Callable[[Sequence[Any]], None],
        failed: Callable[[SanchayError], None],
    ) -> Asked:
        """Asks for rows; None stands for a group that is no more."""
        view = self._view

        def call(client: Client) -> Sequence[Any]:
            found: list[Any] = []
            while len(found) < limit:
                answer = client.read_view(view, position + len(found), limit=limit - len(found), paths_limit=PATHS)
                if not answer.rows:
                    break
                found += [row.group if row.HasField("group") else None for row in answer.rows]
            return [*found, *[None] * (limit - len(found))]

        if self._owner is None:
            raise RuntimeError("the order is not open")
        return self._desk.ask(self._owner, call, rows, failed=failed)

    def ask_changed(self, then: Callable[[bool, catalog_pb2.DuplicatesResponse], None]) -> None:
        """Asks whether there are other copies now than when the order was made; with a text, of any path."""
        if self._owner is not None:
            before = self._totals
            self._desk.ask(
                self._owner,
                self._ask_now,
                lambda now: then(_totals(now) != before, now),
                failed=lambda _: None,
                key="changed",
            )

    def _ask_now(self, client: Client) -> catalog_pb2.DuplicatesResponse:
        return client.duplicates(
            under=self._under, min_size_bytes=self._asked.min_size or None, types=self._types(), limit=1
        )

    def _types(self) -> tuple[str, ...]:
        return (self._asked.type,) if self._asked.type else ()

    def find(self, content: bytes, then: Callable[[int | None], None]) -> None:
        """Where the group of a content is; None: it is not among the rows."""
        view = self._view
        if self._owner is not None:
            self._desk.ask(
                self._owner,
                lambda client: client.find_in_view(view, content_hash=content),
                then,
                failed=lambda _: None,
                key="find",
            )

    def close(self) -> None:
        """Lets the view go, with the call that holds it."""
        if self._holding is not None:
            self._holding.call_off()


def _totals(answer: catalog_pb2.DuplicatesResponse) -> Totals:
    return Totals(answer.total_groups, answer.total_redundant_files, answer.total_freed_bytes)


def totals(answer: view_pb2.ViewOpened, *, is_up: bool) -> str:
    """How many copies are in how many groups, what could be free, and how fresh that is."""
    extra = count("{n} extra copy", "{n} extra copies", answer.redundant_files)
    groups = count("in {n} group", "in {n} groups", answer.total)
    free = say("{size} could be free", size=shown.size(answer.freed_bytes))
    texts = [f"{extra} {groups}: {free}"]
    if answer.total > answer.rows:
        texts.append(count("the first {n} group is listed", "the first {n} groups are listed", answer.rows))
    if answer.ignored_groups:
        texts.append(count("{n} group is wanted", "{n} groups are wanted", answer.ignored_groups))
    if answer.not_compared.files:
        waiting = count("{n} file is not compared yet", "{n} files are not compared yet", answer.not_compared.files)
        texts.append(waiting)
    texts.append(shown.freshness(answer.freshness, is_up=is_up))
    return "  ·  ".join(text for text in texts if text)
