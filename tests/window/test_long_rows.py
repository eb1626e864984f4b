"""Long orders in a table: only what can be seen is asked for, and little is held."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest

from sanchay.errors import SanchayError, TimedOut
from sanchay_tray.window.parts.long_rows import PAGE_ROWS, PAGES_KEPT, WAITING, Column, Rows, Table
from tests.support.windows import application, settle, until

TOTAL = 1_000_000


class Reading:
    """A question of the source below."""

    def __init__(self, position: int, rows: Callable[[Sequence[Any]], None], failed: Callable[[Any], None]) -> None:
        self.position = position
        self.rows = rows
        self.failed = failed
        self.is_off = False

    def call_off(self) -> None:
        self.is_off = True

    def answer(self) -> None:
        """Answers, as the window would: not where it was called off."""
        if not self.is_off:
            self.rows([None if at % 1000 == 900 else at for at in range(self.position, self.position + PAGE_ROWS)])


class Source:
    """An order of a million numbers that answers when the test says so."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.tell: Callable[[int], None] = lambda _: None
        self.is_closed = False

    def open(self, owner: QObject, total: Callable[[int], None], failed: Callable[[SanchayError], None]) -> None:
        del owner, failed
        self.tell = total

    def read(
        self, position: int, limit: int, rows: Callable[[Sequence[Any]], None], failed: Callable[[Any], None]
    ) -> Reading:
        assert limit == PAGE_ROWS
        self.readings.append(Reading(position, rows, failed))
        return self.readings[-1]

    def close(self) -> None:
        self.is_closed = True

    @property
    def asked(self) -> list[int]:
        """The positions that were asked for and not called off."""
        return [reading.position for reading in self.readings if not reading.is_off]


@contextmanager
def table() -> Iterator[tuple[Source, Rows, Table]]:
    application()
    source, rows = Source(), Rows([Column("Number", str), Column("Twice", lambda row: str(2 * row), is_number=True)])
    view = Table(rows, "Numbers")
    view.resize(400, 600)
    view.show()
    rows.show_source(source)
    source.tell(TOTAL)
    until(lambda: source.asked)
    yield source, rows, view
    view.close()
    view.deleteLater()
    settle()


def text(rows: Rows, row: int, column: int = 0) -> Any:
    return rows.data(rows.index(row, column), Qt.ItemDataRole.DisplayRole)


def test_a_jump_into_a_million_rows_asks_for_what_is_seen_alone() -> None:
    with table() as (source, rows, view):
        assert rows.rowCount() == TOTAL
        assert source.asked == [0]
        view.select(TOTAL // 2 + 100)
        until(lambda: source.asked == [TOTAL // 2], "the first page was called off")
        assert text(rows, TOTAL // 2 + 100) == WAITING
        source.readings[-1].answer()
        assert [text(rows, TOTAL // 2 + 100, column) for column in (0, 1)] == ["500100", "1000200"]
        assert view.currentIndex().row() == TOTAL // 2 + 100


def test_pages_that_were_scrolled_past_are_called_off_and_few_are_held() -> None:
    with table() as (source, rows, view):
        for step in range(PAGES_KEPT + 20):
            view.verticalScrollBar().setValue(step * PAGE_ROWS * view.verticalHeader().defaultSectionSize())
            until(lambda step=step: source.readings[-1].position == step * PAGE_ROWS)  # type: ignore[misc]
            source.readings[-1].answer()
        assert text(rows, (PAGES_KEPT + 19) * PAGE_ROWS) == str((PAGES_KEPT + 19) * PAGE_ROWS)
        assert sum(rows.row(page * PAGE_ROWS) is not None for page in range(PAGES_KEPT + 20)) == PAGES_KEPT
        before = len(source.readings)
        bar = view.verticalScrollBar()
        for step in range(201):  # without a turn of the loop between: only the last one is asked for
            bar.setValue(bar.maximum() * step // 200)
        until(lambda: source.asked[-1] == TOTAL - PAGE_ROWS)
        assert len(source.readings) - before == 1


def test_a_row_that_is_gone_says_so_and_an_order_that_moved_on_is_read_again() -> None:
    with table() as (source, rows, view):
        view.select(900)
        until(lambda: source.asked == [800])
        source.readings[-1].answer()
        assert text(rows, 900) == "gone"
        source.tell(3)
        assert rows.rowCount() == 3
        until(lambda: source.asked[-1] == 0)
        source.readings[-1].answer()
        assert text(rows, 2) == "2"


def test_an_order_that_fails_is_said_and_asked_for_again_when_it_is_looked_at() -> None:
    with table() as (source, rows, view):
        heard: list[object] = []
        rows.failed.connect(heard.append)
        source.readings[-1].failed(TimedOut("The daemon did not answer in time."))
        assert len(heard) == 1
        view.verticalScrollBar().setValue(1)
        until(lambda: source.asked == [0, 0])


def test_enter_opens_the_row_and_another_order_closes_the_one_before() -> None:
    with table() as (source, rows, view):
        opened: list[int] = []
        view.entered.connect(opened.append)
        view.select(7)
        QTest.keyClick(view, Qt.Key.Key_Return)
        assert opened == [7]
        rows.show_source(Source())
        assert source.is_closed
        source.tell(5)  # of an order that is shown no more
        assert rows.rowCount() == TOTAL


def test_an_order_that_is_kept_shows_its_rows_until_they_are_read_again() -> None:
    with table() as (source, rows, view):
        source.readings[-1].answer()
        view.select(3)
        another = Source()
        rows.show_source(another, keep=True)
        assert source.is_closed
        another.tell(TOTAL - 1)
        assert rows.rowCount() == TOTAL - 1
        assert (text(rows, 0), view.current_row()) == ("0", 3)
        until(lambda: another.asked == [0])
        another.readings[-1].rows(["another"] * PAGE_ROWS)
        assert (text(rows, 0), view.current_row()) == ("another", 3)


def test_rows_that_are_here_are_the_beginning_of_an_order() -> None:
    with table() as (_, rows, _view):
        rows.show_rows(["first", "second"])
        assert (rows.rowCount(), text(rows, 1)) == (2, "second")
        another = Source()
        rows.show_source(another, keep=True)
        another.tell(3)
        assert [text(rows, row) for row in range(3)] == ["first", "second", WAITING]


def test_an_order_that_its_source_made_again_keeps_the_place() -> None:
    with table() as (source, rows, view):
        source.readings[-1].answer()
        view.select(5)
        at = view.verticalScrollBar().value()
        source.tell(TOTAL + 1)
        assert (rows.rowCount(), view.current_row(), text(rows, 5)) == (TOTAL + 1, 5, "5")
        assert view.verticalScrollBar().value() == at
        until(lambda: source.asked == [0, 0], "its rows are read again")
