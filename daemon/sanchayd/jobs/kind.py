"""What the queue asks of a kind of work: how it is begun, steered and watched, and what it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sanchay.sentences import Sentence
from sanchayd.config import Config
from sanchayd.jobs.job import Job, JobError, JobProgress, JobResult, JobState


@dataclass(frozen=True)
class Outcome:
    """How work ended: done, partial, cancelled or failed, with a message where it is not done."""

    state: JobState
    message: Sentence
    result: JobResult
    errors: tuple[JobError, ...] = ()


class Work(Protocol):
    """Long work under way on threads that are not ours. All but `wait` return at once."""

    def progress(self) -> JobProgress:
        """A snapshot."""
        ...

    def pause(self) -> None:
        """Holds still until it is resumed."""
        ...

    def resume(self) -> None:
        """Goes on."""
        ...

    def cancel(self) -> None:
        """Ends soon; what was done stays."""
        ...

    def foreground(self) -> None:
        """Goes on at normal priority."""
        ...

    def wait(self) -> Outcome:
        """Blocks until the end. Raises `SanchayError` where it failed."""
        ...


class JobKind(Protocol):
    """A kind of work. One stands in the queue for each; jobs name it by `name`."""

    name: str
    lane: str  # jobs of all kinds that share one take turns
    most_at_once: int  # jobs of its lane that run beside one another

    def apply(self, config: Config) -> None:
        """Takes over new settings."""
        ...

    def begin(self, job: Job) -> Work:
        """Begins the work; may block. Raises `SanchayError` where it cannot be begun."""
        ...

    def why_it_ended(self, job: Job) -> Sentence:
        """Why a job that a daemon left when it ended does not go on at the next start; empty: it does."""
        ...

    def result(self, stored: Mapping[str, Any]) -> JobResult:
        """What a job of this kind left, from its fields as they were stored."""
        ...
