"""What a plan would do and what a run did, in words for people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sanchay import paths, reasons, units
from sanchayctl import output

if TYPE_CHECKING:
    from sanchay.v1 import common_pb2, job_pb2
    from sanchayctl.session import Session

# More files than that are not read again in order to say how many were left for each reason.
GROUPED_MOST = 100_000


def planned(action: str, files: int) -> str:
    """`412 files would go to the trash`, with what `action` would do to them."""
    words = {
        "trash": "would go to the trash",
        "hardlink": f"would become {_links(files, 'hard link')} of what stays",
        "reflink": "would share the blocks of what stays",
        "symlink": f"would become {_links(files, 'symbolic link')} to what stays",
        "delete": "would be deleted for good",
    }
    return f"{units.counted(files, 'file')} {words.get(action, action)}"


def done(action: str, files: int) -> str:
    """`Moved 412 files to the trash`, with what `action` did to them."""
    counted = units.counted(files, "file")
    words = {
        "trash": f"Moved {counted} to the trash",
        "hardlink": f"Made {counted} {_links(files, 'hard link')} of what stays",
        "reflink": f"Let {counted} share the blocks of what stays",
        "symlink": f"Made {counted} {_links(files, 'symbolic link')} to what stays",
        "delete": f"Deleted {counted}",
    }
    return words.get(action, f"{action}: {counted}")


def _links(count: int, noun: str) -> str:
    return f"a {noun}" if count == 1 else f"{noun}s"


def freeing(freed_bytes: int, *, when_emptied: bool) -> str:
    """`frees 1.2G`, and when."""
    return f"frees {units.size(freed_bytes)}" + (" once the trash is emptied" if when_emptied else "")


def show_run(session: Session, job: job_pb2.Job, *, errors: bool = True) -> None:
    """What an ended run of a plan did, what it left, and how it is taken back."""
    if not job.dedupe.run:
        _show_without_result("The plan was not run", job)
        return
    result = job.dedupe
    if job.state == "cancelled":
        output.line(f"The run of plan {result.plan} was cancelled; what it did before stays done.")
    frees = freeing(result.freed_bytes, when_emptied=result.freed_when_emptied)
    if result.acted:
        output.line(f"{done(result.action, result.acted)} in {units.duration(result.duration_s)}, which {frees}.")
    else:
        output.line("No file was changed.")
    _show_rest(session, job, result.skipped + result.failed, result.run, errors=errors)
    if result.acted:
        output.line(f"Take it back: {session.next(f'dedupe undo {result.run}')}")


def show_undo(session: Session, job: job_pb2.Job, *, errors: bool = True) -> None:
    """What an ended undo gave back, and what it left."""
    if not job.undo.run:
        _show_without_result("The run was not taken back", job)
        return
    result = job.undo
    if job.state == "cancelled":
        output.line(f"Taking back run {result.undone} was cancelled; what was taken back before stays so.")
    restored = units.counted(result.restored, "file")
    if result.restored:
        output.line(f"Took back {restored} of run {result.undone} in {units.duration(result.duration_s)}.")
    else:
        output.line(f"Nothing of run {result.undone} was taken back.")
    _show_rest(session, job, result.skipped + result.failed, result.run, errors=errors)


def show_repair(session: Session, job: job_pb2.Job, *, errors: bool = True) -> None:
    """What took the place of a damaged file, or why that was left."""
    result = job.repair
    if not result.run:
        _show_without_result("Nothing was repaired", job)
        return
    if result.repaired:
        act = next(session.client().iter_acts(result.run))
        output.line(f"Repaired {paths.shown(act.path)} by a copy of {paths.shown(act.kept)}.")
        output.line("The damaged file is in the trash, and the copy has its owner, mode and times.")
        output.line(f"Take it back: {session.next(f'dedupe undo {result.run}')}")
        return
    left = session.client().get_job(job.id).job.errors if errors else ()
    for error in left:
        output.line(f"Not repaired: {line(error)}")
    if not left:
        output.line(f"Nothing was repaired: {paths.safe_text(job.message) or job.state}")


def line(error: job_pb2.JobError) -> str:
    """`PATH: open for writing in another program`, and what the system said of it."""
    said = f" ({paths.safe_text(error.message)})" if error.message else ""
    return f"{paths.shown(error.path)}: {reasons.phrase(error.kind)}{said}"


def _show_without_result(what: str, job: job_pb2.Job) -> None:
    why = paths.safe_text(job.message) or "the log of sanchayd says why"
    output.line(f"{what}: {job.state}. {why}" if job.state != "failed" else f"{what}: {why}")


def _show_rest(session: Session, job: job_pb2.Job, left: int, run: int, *, errors: bool) -> None:
    if job.message and not left:
        output.line(f"  {paths.safe_text(job.message)}")
    if not (left and errors):
        return
    output.line(f"  {units.counted(left, 'file')} left as they are:" if left > 1 else "  1 file left as it is:")
    reasons_of = Reasons()
    for error in session.client().get_job(job.id).job.errors:
        reasons_of.add(error.kind, error.path)
    if sum(reasons_of.counts.values()) < left <= GROUPED_MOST:  # the job has the first hundred, the journal all
        reasons_of = Reasons()
        for act in session.client().iter_acts(run):
            if act.state == "left":
                reasons_of.add(act.reason, act.path)
    for text in reasons_of.lines():
        output.line(f"    {text}")
    if "read-only" in reasons_of.counts:
        output.line("    If sanchayd runs as a service of the machine, its unit has to allow it: ReadWritePaths=FOLDER")
    more = left - sum(reasons_of.counts.values())
    if more > 0:
        output.line(f"    … and {units.count(more)} more, for these or other reasons")
    output.line(f"  See each: {session.next(f'dedupe journal {run} --left')}")


class Reasons:
    """How many files were left for each reason, and an example of each."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def add(self, reason: str, path: common_pb2.Path) -> None:
        """Counts a file."""
        self.counts[reason] += 1
        self._examples.setdefault(reason, paths.shown(path))

    def lines(self) -> list[str]:
        """`12 files: permission denied, such as PATH` for each reason, the most frequent first."""
        return [
            f"{units.counted(count, 'file')}: {reasons.phrase(word)}, such as {self._examples[word]}"
            for word, count in self.counts.most_common()
        ]
