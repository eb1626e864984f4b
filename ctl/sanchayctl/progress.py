"""How far a job has come, on stderr: a bar where a person looks at it, else a line now and then, else nothing.

rich is imported only for the bar.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

import click

from sanchay import paths, units
from sanchayctl import output

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import BarColumn, Progress, ProgressColumn

    from sanchay.v1 import job_pb2

LINE_EVERY_S = 10.0
PATH_COLUMNS = 100  # a narrower screen has one line
_BAR_CELLS = 24
_TITLE_CELLS = 8  # what is left of a long name
# What the errors of a job are called, where it is not a scan.
_ERRORS = {"dedupe": "left", "undo": "left", "repair": "left"}
_PHASES = {
    "queued": "Waiting",
    "listing": "Listing",
    "hashing": "Hashing",
    "merging": "Merging",
    "indexing": "Indexing",
    "verifying": "Verifying",
    "done": "Done",
}


class Display(Protocol):
    """Shows a job again and again."""

    def __enter__(self) -> Display: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def show(self, job: job_pb2.Job) -> None:
        """Shows how far the job has come."""

    def wipe(self) -> None:
        """Takes off the screen what stands there, for a program that ends in the middle."""


def display(*, quiet: bool) -> Display:
    """The display for this stderr."""
    if output.is_terminal(sys.stderr):
        return Bar()
    return Quiet() if quiet else Lines()


def phase(job: job_pb2.Job) -> str:
    """The phase in a word for people."""
    if job.state in ("paused", "queued"):
        return {"paused": "Paused", "queued": "Waiting"}[job.state]
    return _PHASES.get(job.progress.phase, job.progress.phase.capitalize() or "Starting")


def facts(job: job_pb2.Job) -> list[str]:
    """What is known of a job's progress, in words; nothing is guessed."""
    return [words for _, words in _facts(job)]


def _facts(job: job_pb2.Job) -> list[tuple[int, str]]:
    """The same, each with its rank: where there is no room, what ranks highest goes first."""
    progress = job.progress
    words = [(3, units.counted(progress.files, "file"))]
    if progress.files_per_s:
        words.append((6, f"{units.count(round(progress.files_per_s))} files/s"))
    if progress.hashed_bytes:
        words.append((4, f"{units.size(progress.hashed_bytes)} hashed"))
    if progress.bytes_per_s:
        words.append((5, f"{units.size(progress.bytes_per_s)}/s"))
    if progress.errors:
        words.append((2, f"{units.count(progress.errors)} {_ERRORS.get(job.kind, 'unreadable')}"))
    if progress.HasField("seconds_left"):
        words.append((1, f"{units.duration(progress.seconds_left)} left"))
    if is_held(job):
        words.append((0, f"held: {paths.safe_text(job.message)}"))
    return words


def is_held(job: job_pb2.Job) -> bool:
    """Whether it stands still though its turn has come; its message says why."""
    return job.state == "running" and bool(job.message)


class Quiet:
    """Shows nothing."""

    def __enter__(self) -> Quiet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is to be put away."""

    def show(self, job: job_pb2.Job) -> None:
        """Shows nothing."""

    def wipe(self) -> None:
        """Nothing is to be put away."""


class Lines(Quiet):
    """A line every few seconds, for logs."""

    def __init__(self, every_s: float = LINE_EVERY_S) -> None:
        self._every_s = every_s
        self._next_s = time.monotonic() + every_s

    def show(self, job: job_pb2.Job) -> None:
        """Writes a line where the last one is old enough."""
        now_s = time.monotonic()
        if now_s < self._next_s:
            return
        self._next_s = now_s + self._every_s
        percent = f" {job.progress.percent:.0f}%" if job.progress.HasField("percent") else ""
        output.note(f"Job {job.id}: {phase(job).lower()}{percent}, {', '.join(facts(job))}")


@dataclass(frozen=True)
class Fitted:
    """What a line of progress holds on a screen of some width: texts, and the cells of the bar between them."""

    title: str
    cells: int
    facts: str


def fitted(job: job_pb2.Job, columns: int) -> Fitted:
    """The job in one line of less than `columns`: facts go first, then the bar, and the title is shortened last."""
    name = f"{', '.join(job.root_names)}: " if len(job.root_names) == 1 else ""
    title = f"{paths.safe_text(name)}{phase(job)}"
    kept = [(-1, f"{job.progress.percent:.0f}%")] if job.progress.HasField("percent") else []
    kept += _facts(job)
    cells = 0 if is_held(job) else _BAR_CELLS if columns >= PATH_COLUMNS else _BAR_CELLS // 2
    room = columns - 1 - paths.width(title)
    while kept and cells + paths.width(_joined(kept)) + 2 > room:
        if len(kept) > 1:
            kept.remove(max(kept))
        elif cells:
            cells = 0
        elif room < paths.width(_joined(kept)) + 1:
            room = max(room, columns - 1 - _TITLE_CELLS)
            kept = kept if paths.width(_joined(kept)) + 1 <= room else []
            break
        else:
            break
    facts = _joined(kept)
    taken = cells + bool(cells) + paths.width(facts) + bool(facts)
    return Fitted(paths.shortened(title, max(columns - 1 - taken, 1)), cells, facts)


def _joined(ranked: list[tuple[int, str]]) -> str:
    return " · ".join(words for _, words in ranked)


class Bar:
    """A bar with its facts in one line; where there is room for it, the path that is being looked at below. It is wiped
    at the end."""

    def __init__(self) -> None:
        self._progress, self._lines = _rich_progress()
        self._task = self._progress.add_task("Starting", total=None, facts="")

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, job: job_pb2.Job) -> None:
        """Draws the job."""
        progress = job.progress
        known = progress.HasField("percent")
        columns = self._progress.console.width
        line = fitted(job, columns)
        has_room = columns >= PATH_COLUMNS and bool(progress.current.raw)
        self._lines.current = paths.shown(progress.current) if has_room else ""
        self._lines.bar.bar_width = line.cells
        title, bar, words = self._lines.columns
        self._progress.columns = (title, bar, words) if line.cells else (title, words)
        self._progress.update(
            self._task,
            description=line.title,
            total=100 if known else None,
            completed=progress.percent if known else 0,
            refresh=True,
            facts=line.facts,
        )

    def wipe(self) -> None:
        """Takes the bar off, and gives the cursor back."""
        self._progress.stop()


class OneLine:
    """A line of text on stderr that is written over, and is wiped at the end."""

    def __init__(self) -> None:
        self._width = 0

    def show(self, text: str) -> None:
        """Shows the text, as much of it as the screen takes in one line."""
        import shutil

        text = paths.shortened(text, max(shutil.get_terminal_size().columns - 1, 1))
        click.echo("\r" + text + " " * (self._width - paths.width(text)), nl=False, err=True)
        self._width = paths.width(text)

    def wipe(self) -> None:
        """Takes the line off the screen."""
        if self._width:
            click.echo("\r" + " " * self._width + "\r", nl=False, err=True)
            self._width = 0


class _Lines:
    """The columns of the bar's line, and what stands below it."""

    def __init__(self, title: ProgressColumn, bar: BarColumn, words: ProgressColumn) -> None:
        self.bar = bar
        self.columns = (title, bar, words)
        self.current = ""


def _rich_progress() -> tuple[Progress, _Lines]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task
    from rich.text import Text

    console = Console(stderr=True, highlight=False)

    class Plain(ProgressColumn):
        """A field as it is: a name in it is no markup."""

        def __init__(self, field: str) -> None:
            super().__init__()
            self._field = field

        def render(self, task: Task) -> Text:
            text = str(task.description if self._field == "description" else task.fields[self._field])
            return Text(text, no_wrap=True, overflow="crop")

    class WithPath(Progress):
        """The bar, and the current path in one line below it."""

        def get_renderables(self) -> Iterable[RenderableType]:
            for task in self.tasks:
                yield self.make_tasks_table([task])
            if lines.current:
                path = paths.shortened(lines.current, max(console.width - 3, 10))
                yield Text(path, style="dim", no_wrap=True, overflow="crop")

    bar = BarColumn(bar_width=_BAR_CELLS)
    lines = _Lines(Plain("description"), bar, Plain("facts"))
    # No thread draws it, but each look at the job: a program that ends in the middle waits for none.
    return WithPath(*lines.columns, console=console, transient=True, auto_refresh=False), lines
