"""`sanchayctl have`: which of these files are in the catalog already, and which are new."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING

import click

from sanchay import documents, freshness, names, paths, row_documents, units
from sanchay.errors import InvalidArgument, SanchayError
from sanchayctl import checksum_list, copying, exit_codes, following, listing, output, path_list, questions
from sanchayctl.arguments import Choice
from sanchayctl.command import Command, Example
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import common_pb2, have_pb2, job_pb2

STANDARD_INPUT = "-"
#: What one question holds; a list that is longer is asked about in several.
QUESTION_BYTES = 128 << 10
#: Rows kept in memory; more of them go to a file without a name.
ROWS_BYTES = 4 << 20
ALL = "all"
Question = tuple[list[bytes], list[checksum_list.Listed]]


@click.command(
    cls=Command,
    examples=[
        Example("have /media/card", "what of a memory card is not in the catalog yet"),
        Example("have /media/card --copy-missing ~/Pictures/new", "and copy that, and nothing else"),
        Example("have photo.jpg --state all", "where else this picture is"),
        Example("find ~/Downloads -type f -print0 | sanchayctl have - -0", "new files of a list, for another program"),
        Example("have --list SHA256SUMS", "contents by their checksums; nothing is read"),
    ],
)
@click.argument("files", metavar="[PATH]...", nargs=-1, type=click.Path())
@click.option("--list", "lists", metavar="SUMS", multiple=True, type=click.Path(), help="A list of b3sum or sha256sum.")
@click.option(
    "--algorithm",
    type=Choice(["blake3", "sha256"]),
    help="What the hashes of SUMS are, where neither its lines nor its name says it.",
)
@click.option(
    "--state",
    "states",
    metavar="STATE",
    multiple=True,
    type=Choice([*questions.STATES, ALL]),
    help="List files in this state, or all; the default is all that are not known.",
)
@click.option(
    "--copy-missing",
    "folder",
    metavar="FOLDER",
    type=click.Path(),
    help="Copy the new files to FOLDER; no file there is written over.",
)
@listing.options
@click.pass_obj
def have(
    session: Session,
    files: tuple[str, ...],
    lists: tuple[str, ...],
    algorithm: str | None,
    states: tuple[str, ...],
    folder: str | None,
    only_paths: bool,
    null: bool,
) -> int:
    """Tell which files are in the catalog already. Nothing of what you name is cataloged.

    PATH is a file, or a folder with all below it; - reads paths from standard input, one a line or each ended by a NUL.
    Files are compared by content, and read only if some cataloged file has their size.

    \b
    known       another file with this content is there
    offline     all such files are in roots that are not there
    maybe       it cannot be told, with the reason
    new         no cataloged file has this content
    unreadable  it could not be read, or changed while it was read

    The file itself and its hard links do not count, and neither does what lies in a trash. With --paths or -0 only new
    files are listed, unless --state says otherwise. Exit 3 where something is offline, maybe or unreadable.
    """
    listing.check(session, only_paths, null)
    _check(files, lists, algorithm, folder)
    wanted = _wanted(states, only_new=only_paths or null, everything=session.as_json)
    with tempfile.SpooledTemporaryFile(ROWS_BYTES) as kept:
        asking = _Asking(session, kept, {*wanted, "new"} if folder is not None else wanted)
        for question in _questions(files, lists, algorithm or ""):
            asking.ask(question)
        copied = _copy(asking, files, os.fsencode(paths.absolute(folder))) if folder is not None else None
        rows = (row for row in asking.rows() if row.state in wanted)
        if session.as_json:
            _show_json(asking, rows, copied)
        elif only_paths or null:
            listing.print_paths((row.path for row in rows), null=null)
        else:
            _show(asking, rows)
    if not session.as_json:
        _say_rest(asking, copied)
    return _exit_code(asking, copied)


def _check(files: Sequence[str], lists: Sequence[str], algorithm: str | None, folder: str | None) -> None:
    if bool(files) == bool(lists):
        raise click.UsageError("Name files or folders, or a list with --list SUMS.")
    if lists and folder is not None:
        raise click.UsageError("--copy-missing needs files: of a list only hashes are known.")
    if algorithm and not lists:
        raise click.UsageError("--algorithm says what the hashes of --list SUMS are.")


def _wanted(states: Sequence[str], *, only_new: bool, everything: bool) -> frozenset[str]:
    if ALL in states or (everything and not states):
        return frozenset(questions.STATES)
    if states:
        return frozenset(states)
    return frozenset({"new"}) if only_new else frozenset(questions.STATES) - {"known"}


def _questions(files: Sequence[str], lists: Sequence[str], algorithm: str) -> Iterator[Question]:
    """What is asked, in pieces that a request can hold; one at least."""
    found: list[bytes] = []
    listed: list[checksum_list.Listed] = []
    size = 0
    for item in _listed(lists, algorithm) if lists else _paths(files):
        if isinstance(item, bytes):
            found.append(item)
            size += len(item) + 8
        else:
            listed.append(item)
            size += len(item.name) + 64
        if size > QUESTION_BYTES:
            yield found, listed
            found, listed, size = [], [], 0
    if found or listed:
        yield found, listed


def _paths(files: Sequence[str]) -> Iterator[bytes]:
    for name in files:
        if name == STANDARD_INPUT:
            for raw in path_list.read(sys.stdin.buffer):
                yield _absolute(raw)
        else:
            yield os.fsencode(paths.absolute(name))


def _absolute(raw: bytes) -> bytes:
    """A path of a list: as it is, for no shell has looked at it."""
    return os.path.abspath(raw)


def _listed(lists: Sequence[str], algorithm: str) -> Iterator[checksum_list.Listed]:
    for path in lists:
        said = algorithm or checksum_list.algorithm_by_name(path)
        try:
            with sys.stdin.buffer if path == STANDARD_INPUT else open(path, "rb") as content:
                yield from checksum_list.lines(content, path, said)
        except OSError as error:
            shown = names.shown(os.fsencode(path))
            raise InvalidArgument(f"{shown} cannot be read: {error.strerror}.", path=os.fsencode(path)) from error


class _Asking:
    """Questions that were asked one after another; the rows of their answers in some states are in `kept`."""

    def __init__(self, session: Session, kept: IO[bytes], states: Iterable[str]) -> None:
        self._session = session
        self._states = sorted(states)
        self._rows = kept
        self.jobs: list[job_pb2.Job] = []
        self.freshness: common_pb2.Freshness | None = None

    def ask(self, question: Question) -> None:
        """Asks, waits, and takes the rows. Raises SanchayError where the daemon failed."""
        client = self._session.client()
        found, listed = question
        job_id = client.start_have(found, hashes=listed).job_id
        (job,) = following.follow(self._session, [job_id], again="have …", leave=following.cancel)
        if not job.HasField("have"):
            raise SanchayError(f"The files were not compared: {job.message or job.state}.")
        self.jobs.append(job)
        token = ""
        while True:
            page = client.list_have_rows(job_id, states=self._states, page_token=token)
            for row in page.rows:
                encoded = row.SerializeToString()
                self._rows.write(len(encoded).to_bytes(4, "little") + encoded)
            self.freshness = page.freshness
            token = page.next_page_token
            if not token:
                return

    def rows(self) -> Iterator[have_pb2.HaveRow]:
        """The rows that were kept."""
        from sanchay import v1

        self._rows.seek(0)
        while length := self._rows.read(4):
            yield v1.have_pb2.HaveRow.FromString(self._rows.read(int.from_bytes(length, "little")))

    def totals(self) -> dict[str, int]:
        """The counts of all answers."""
        return questions.totals(job.have for job in self.jobs)


def _copy(asking: _Asking, files: Sequence[str], folder: bytes) -> copying.Copied:
    """Copies what is new, below the folder as it lies below the PATH that was named."""
    named = sorted((os.fsencode(paths.absolute(name)) for name in files if name != STANDARD_INPUT), key=len)
    here = os.getcwdb() if STANDARD_INPUT in files else None
    with copying.Copier(folder) as copier:
        for row in asking.rows():
            if row.state == "new":
                copier.copy(row.path.raw, _relative(row.path.raw, named, here), row.size)
    return copier.copied


def _relative(path: bytes, named: Sequence[bytes], here: bytes | None) -> bytes:
    """The path below the first PATH that holds it; of a list, below the current folder; else its name."""
    for folder in [*named, *([here] if here is not None else [])]:
        if path.startswith(os.path.join(folder, b"")):
            return path[len(os.path.join(folder, b"")) :]
    return os.path.basename(path)


def _show(asking: _Asking, rows: Iterable[have_pb2.HaveRow]) -> None:
    listing.remark(questions.summary(asking.totals()))
    for number, row in enumerate(rows):
        if number == 0 and output.for_people():
            output.line()
            listing.header(f"{'STATE':10}  {'SIZE':>6}  PATH")
        size = units.size(row.size) if row.size else ""
        output.line(f"{row.state:10}  {size:>6}  {paths.shown(row.path)}{_where(row)}")


def _where(row: have_pb2.HaveRow) -> str:
    """The first copy and how many more there are, or why it cannot be told."""
    if row.reason:
        return f"  ({paths.safe_text(row.reason)})"
    if not row.copies:
        return ""
    more = f" and {len(row.copies) - 1} more" if len(row.copies) > 1 else ""
    return f"  = {paths.shown(row.copies[0].path)}{more}"


def _show_json(asking: _Asking, rows: Iterable[have_pb2.HaveRow], copied: copying.Copied | None) -> None:
    output.document_list("rows", map(row_documents.have_row, rows))
    rest: dict[str, object] = dict(asking.totals())
    if copied is not None:
        rest["copied"] = {
            "files": copied.files,
            "bytes": copied.size_bytes,
            "already_there": copied.already_there,
            "renamed": [
                {**paths.of_bytes(new), "taken": paths.of_bytes(taken)["path"]} for taken, new in copied.renamed
            ],
            "stopped": copied.stopped or None,
            "failed": [{**paths.of_bytes(path), "reason": reason} for path, reason in copied.failed],
        }
    rest["job_ids"] = [job.id for job in asking.jobs]
    rest["freshness"] = documents.freshness(asking.freshness) if asking.freshness is not None else None
    output.document_end(rest)


def _say_rest(asking: _Asking, copied: copying.Copied | None) -> None:
    over = questions.passed_over(asking.totals())
    if over:
        output.note(over)
    if copied is not None:
        _say_copied(copied)
    warning = freshness.warning(asking.freshness) if asking.freshness is not None else ""
    if warning:
        output.note(warning)


def _say_copied(copied: copying.Copied) -> None:
    there = f"; {units.count(copied.already_there)} were there already" if copied.already_there else ""
    output.note(f"Copied {units.counted(copied.files, 'new file')} ({units.size(copied.size_bytes)}){there}.")
    for taken, new in copied.renamed:
        output.note(f"  {paths.shown_bytes(taken)} is another file; the new one is {paths.shown_bytes(new)}")
    for path, reason in copied.failed:
        output.note(f"  Not copied: {paths.shown_bytes(path)}: {paths.safe_text(reason)}")
    if copied.stopped:
        output.note(f"Stopped, and the rest was not copied: {paths.safe_text(copied.stopped)}")


def _exit_code(asking: _Asking, copied: copying.Copied | None) -> int:
    if any(job.state in ("failed", "cancelled") for job in asking.jobs) or (copied is not None and copied.stopped):
        return exit_codes.FAILED
    sums = asking.totals()
    open_ones = sums["offline"] + sums["maybe"] + sums["unreadable"]
    return exit_codes.PARTIAL if open_ones or (copied is not None and copied.failed) else exit_codes.DONE
