"""The hits of a search as a source of rows: a view that the daemon holds, read by position."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from PySide6.QtCore import QObject

from sanchay.client import Client
from sanchay.errors import SanchayError, ViewNotFound
from sanchay.v1 import view_pb2
from sanchay_tray.window.asking import Asked
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.posting import post

Total = Callable[[int], None]
Failed = Callable[[SanchayError], None]


class _Unanswered:
    """A question for rows of a view that is gone: another view will be asked."""

    def call_off(self) -> None:
        """There is nothing to call off."""


class HeldHits:
    """The order of all hits, as it was when it was opened.

    `told` gets what the daemon says of all of them, `moved_on` is called when files have changed since, and `let_go`
    when rows are asked for and the daemon holds the order no longer, for no one had read it for long.
    """

    def __init__(
        self,
        desk: Desk,
        expression: str,
        sort: str,
        *,
        told: Callable[[view_pb2.ViewOpened], None],
        moved_on: Callable[[], None],
        let_go: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._expression = expression
        self._sort = sort
        self._told = told
        self._moved_on = moved_on
        self._let_go = let_go
        self._owner: QObject | None = None
        self._holding: Asked | None = None
        self.view = 0  # its id
        self.is_held = True

    def open(self, owner: QObject, total: Total, failed: Failed) -> None:
        """Has the daemon make the order, which says how many there are."""
        self._owner = owner

        def hold(client: Client) -> Iterator[view_pb2.OpenViewResponse]:
            view = client.open_hits(self._expression, sort=self._sort)
            yield view_pb2.OpenViewResponse(opened=view.opened)
            yield from view.news()

        def each(news: view_pb2.OpenViewResponse) -> None:
            if news.HasField("opened"):
                self.view = news.opened.view_id
                self._told(news.opened)
                total(news.opened.rows)
            elif news.HasField("moved_on"):
                self._moved_on()
            else:
                self.is_held = False

        self._holding = self._desk.follow(owner, hold, each, failed=failed, key="view")

    def read(
        self, position: int, limit: int, rows: Callable[[Sequence[Any]], None], failed: Failed
    ) -> Asked | _Unanswered:
        """Asks for rows; None stands for a file that is gone."""
        if self._owner is None:
            raise RuntimeError("the order is not open")
        if not self.is_held:
            post(self._owner, self._gone)
            return _Unanswered()
        view = self.view

        def call(client: Client) -> Sequence[Any]:
            found: list[Any] = []
            while len(found) < limit:
                answer = client.read_view(view, position + len(found), limit=limit - len(found))
                if not answer.rows:
                    break
                found += [row.file if row.HasField("file") else None for row in answer.rows]
            return [*found, *[None] * (limit - len(found))]

        def not_read(error: SanchayError) -> None:
            if isinstance(error, ViewNotFound):
                self.is_held = False
                self._gone()
            else:
                failed(error)

        return self._desk.ask(self._owner, call, rows, failed=not_read)

    def find(self, path: bytes, then: Callable[[int | None], None]) -> None:
        """Where a file is in the order; None where it is not."""
        view = self.view
        if self._owner is not None:
            self._desk.ask(
                self._owner,
                lambda client: client.find_in_view(view, path=path),
                then,
                failed=lambda _: None,
                key="position",
            )

    def _gone(self) -> None:
        let_go, self._let_go = self._let_go, lambda: None  # one of several questions says so
        let_go()

    def close(self) -> None:
        """Lets the view go, with the call that holds it."""
        if self._holding is not None:
            self._holding.call_off()
