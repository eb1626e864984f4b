"""How far a job has come, on stderr: a bar where a person looks at it, else a line now and then, else nothing.

rich is imported only for the bar.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from sanchayctl import output, paths, units

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress

    from sanchay.v1 import job_pb2

LINE_EVERY_S = 10.0
_PHASES = {
    "queued": "Waiting",
    "listing": "Listing",
    "hashing": "Hashing",
    "merging": "Merging",
    "indexing": "Indexing",
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
    progress = job.progress
    words = [units.counted(progress.files, "file")]
    if progress.files_per_s:
        words.append(f"{units.count(round(progress.files_per_s))} files/s")
    if progress.hashed_bytes:
        words.append(f"{units.size(progress.hashed_bytes)} hashed")
    if progress.bytes_per_s:
        words.append(f"{units.size(progress.bytes_per_s)}/s")
    if progress.errors:
        words.append(f"{units.count(progress.errors)} unreadable")
    if progress.HasField("seconds_left"):
        words.append(f"{units.duration(progress.seconds_left)} left")
    if is_held(job):
        words.append(f"held: {paths.safe_text(job.message)}")
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


class Bar:
    """A bar with its facts, and below it the path that is being looked at. It is wiped at the end."""

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
        name = f"{', '.join(job.root_names)}: " if len(job.root_names) == 1 else ""
        self._lines.current = paths.shown(progress.current) if progress.current.raw else ""
        self._progress.update(
            self._task,
            description=f"{paths.safe_text(name)}{phase(job)}",
            total=100 if known else None,
            completed=progress.percent if known else 0,
            refresh=True,
            facts=" · ".join(([f"{progress.percent:.0f}%"] if known else []) + facts(job)),
        )


class _Lines:
    """What stands below the bar."""

    current = ""


def _rich_progress() -> tuple[Progress, _Lines]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task
    from rich.text import Text

    lines = _Lines()
    console = Console(stderr=True, highlight=False)

    class Plain(ProgressColumn):
        """A field as it is: a name in it is no markup."""

        def __init__(self, field: str) -> None:
            super().__init__()
            self._field = field

        def render(self, task: Task) -> Text:
            return Text(str(task.description if self._field == "description" else task.fields[self._field]))

    class WithPath(Progress):
        """The bar, and the current path in one line below it."""

        def get_renderables(self) -> Iterable[RenderableType]:
            yield self.make_tasks_table(self.tasks)
            yield Text(paths.shortened(lines.current, max(console.width - 3, 10)), style="dim", no_wrap=True)

    columns = (Plain("description"), BarColumn(bar_width=24), Plain("facts"))
    return WithPath(*columns, console=console, transient=True, refresh_per_second=5), lines
