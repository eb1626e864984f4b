"""The groups of a filter as a source of rows: what the daemon lists, read by position."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject

from sanchay.client import Client
from sanchay.errors import SanchayError
from sanchay.v1 import catalog_pb2
from sanchay_tray.window.asking import Asked
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.pages.copies.filters import Filter

#: Page tokens lead from page to page and cannot jump: so many groups are listed.
LISTED_MOST = 2_000
PAGE_GROUPS = 200

Told = Callable[[catalog_pb2.DuplicatesResponse], None]


class Groups:
    """The groups that a filter leaves; `told` gets what the daemon says of all of them."""

    def __init__(self, desk: Desk, asked: Filter, under: bytes | None, told: Told) -> None:
        self._desk = desk
        self._asked = asked
        self._under = under
        self._told = told
        self._owner: QObject | None = None
        self._pages: dict[int, catalog_pb2.DuplicatesResponse] = {}

    def open(self, owner: QObject, total: Callable[[int], None], failed: Callable[[SanchayError], None]) -> None:
        """Asks for the first page, which says how many there are."""
        self._owner = owner

        def opened(first: catalog_pb2.DuplicatesResponse) -> None:
            self._told(first)
            total(min(first.total_groups, LISTED_MOST))

        self._desk.ask(owner, lambda client: self._page(client, 0), opened, failed=failed, key="open")

    def read(
        self,
        position: int,
        limit: int,
        rows: Callable[[Sequence[Any]], None],
        failed: Callable[[SanchayError], None],
    ) -> Asked:
        """Goes from page to page up to the position."""

        def call(client: Client) -> Sequence[Any]:
            first, last = position // PAGE_GROUPS, (position + limit - 1) // PAGE_GROUPS
            groups: list[Any] = []
            for number in range(first, last + 1):
                groups += self._page(client, number).groups
            return [*groups, *[None] * (limit - len(groups))][:limit]

        if self._owner is None:
            raise RuntimeError("the order is not open")
        return self._desk.ask(self._owner, call, rows, failed=failed)

    def close(self) -> None:
        """Nothing is held in the daemon."""
        self._pages.clear()

    def _page(self, client: Client, number: int) -> catalog_pb2.DuplicatesResponse:
        """A page, by way of those before it. On a thread."""
        known = self._pages.get(number)
        if known is not None:
            return known
        token = self._page(client, number - 1).next_page_token if number else ""
        if number and not token:
            return catalog_pb2.DuplicatesResponse()
        asked = self._asked
        page = client.duplicates(
            under=self._under,
            min_size_bytes=asked.min_size or None,
            types=(asked.type,) if asked.type else (),
            sort=asked.sort,
            limit=PAGE_GROUPS,
            page_token=token,
        )
        self._pages[number] = page
        return page
