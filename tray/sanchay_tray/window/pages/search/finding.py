"""How hits are found: the first ones while one types, and the order of all of them once typing rests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from sanchay import terms
from sanchay.errors import SanchayError, TooManyViews
from sanchay.v1 import catalog_pb2, view_pb2
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.pages.search.held import HeldHits
from sanchay_tray.window.pages.search.hits import Hits
from sanchay_tray.window.parts.long_rows import PAGE_ROWS

#: The first hits are shown after so long, while the others are looked for; one or two letters are in many names.
PATIENCE_MS, PATIENCE_FEW_MS = 60, 100
FEW_LETTERS = 2
#: Typing rests when no key came for so long.
REST_MS = 350
#: An order that moved on is made again at most so often, and by itself only where it is no longer than this.
AGAIN_MS, AGAIN_ROWS = 1000, 100_000
#: Making an order takes this share of the time at most.
AGAIN_SHARE = 10


class Finding(QObject):
    """Fills the rows. `first` has the first hits, `opened` what is said of the whole order, `failed` why there is none.

    `outdated` says whether files have changed since a long order was made, which is then made again when asked for.
    `found` has a path and its position in the order.
    """

    first = Signal(object)
    opened = Signal(object)
    failed = Signal(object)
    outdated = Signal(bool)
    found = Signal(bytes, int)

    def __init__(self, desk: Desk, hits: Hits, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._hits = hits
        self._expression = ""
        self._sort = ""
        self.source: HeldHits | None = None
        self._waits = False  # for the first hits
        self._listed: int | None = None
        self._took = QElapsedTimer()
        self._took_ms = 0
        self._rest = self._timer(self._open)
        self._again = self._timer(self._open)
        hits.failed.connect(self._no_order)

    @property
    def listed(self) -> int | None:
        """How many hits are listed; None as long as the order of all of them is still to come."""
        return self._listed

    def ask(self, expression: str, sort: str) -> None:
        """Looks for something else. What was asked before is called off; its hits stay until the first ones come."""
        self.stop()
        self._expression, self._sort = expression, sort
        if not expression:
            self._hits.show_rows(())
            return
        patience_ms = PATIENCE_FEW_MS if len(expression) <= FEW_LETTERS else PATIENCE_MS
        self._waits = True
        self._desk.ask(
            self,
            lambda client: client.find(expression, sort=sort, limit=PAGE_ROWS, patience_ms=patience_ms),
            partial(self._show_first, expression),
            failed=self._no_hits,
            key="first",
        )
        self._rest.start(REST_MS)

    def stop(self) -> None:
        """Lets go of the order and asks for nothing more; the rows that are here stay to be seen."""
        self._rest.stop()
        self._again.stop()
        self._hits.close()
        self.source, self._listed, self._waits = None, None, False
        self.outdated.emit(False)

    def note_change(self) -> None:
        """Files may have changed: a short order is made again soon, of a long one that is said."""
        if self.source is None or self._listed is None:
            return
        if self._hits.total() > AGAIN_ROWS:
            self.outdated.emit(True)
        elif not self._again.isActive():
            self._again.start(max(AGAIN_MS, AGAIN_SHARE * self._took_ms))

    def open_again(self) -> None:
        """Makes the order again, as it is now; rows stay where they are until then."""
        if self._expression and not self._waits:
            self._open()

    def look_again(self) -> None:
        """Someone looks at the page again: an order that the daemon let go is made again."""
        if self.source is not None and not self.source.is_held:
            self.open_again()

    def find(self, path: bytes) -> None:
        """Has `found` say where a file is in the order, where it is."""
        if self.source is not None:
            self.source.find(path, partial(self._found, path))

    def _found(self, path: bytes, position: int | None) -> None:
        if position is not None:
            self.found.emit(path, position)

    def _timer(self, then: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.timeout.connect(then)
        return timer

    def _show_first(self, expression: str, page: catalog_pb2.FindResponse) -> None:
        self._waits = False
        # That nothing was found yet is not said to be nothing.
        if page.rows or not page.out_of_patience:
            self._hits.sought = terms.sought(expression)
            self._hits.show_rows(page.rows)
            self.first.emit(page)
        if not self._rest.isActive():
            self._open()

    def _open(self) -> None:
        if self._waits:
            return  # the order is opened behind the first hits
        self._again.stop()
        self.outdated.emit(False)
        self._took.start()
        self._hits.sought = terms.sought(self._expression)
        self.source = HeldHits(
            self._desk,
            self._expression,
            self._sort,
            told=self._told,
            moved_on=self.note_change,
            let_go=self.open_again,
        )
        self._hits.show_source(self.source, keep=True)

    def _told(self, opened: view_pb2.ViewOpened) -> None:
        self._took_ms = self._took.elapsed()
        self._listed = opened.rows
        self.opened.emit(opened)

    def _no_hits(self, error: SanchayError) -> None:
        self._waits = False
        self._rest.stop()
        self.failed.emit(error)

    def _no_order(self, error: SanchayError) -> None:
        if isinstance(error, TooManyViews):
            self._listed = self._hits.total()  # the first ones, which are here
        self.failed.emit(error)
