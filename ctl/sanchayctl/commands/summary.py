"""`sanchayctl summary`: files and bytes by type, extension, age, size or owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sanchay import documents, freshness, paths, row_documents, units
from sanchayctl import exit_codes, output, uncompared
from sanchayctl.arguments import Choice, RootOrFolder
from sanchayctl.command import Command, Example
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import catalog_pb2

ROWS_SHOWN = 40


@click.command(
    cls=Command,
    examples=[
        Example("summary", "images, videos, documents …: how many, how large"),
        Example("summary --by age", "how much was changed how long ago"),
        Example("summary --by ext --root photos", "by extension, in one root"),
    ],
)
@click.option(
    "--by",
    type=Choice(["type", "ext", "age", "size", "owner"]),
    default="type",
    show_default=True,
    help="What to group by.",
)
@click.option("--root", "roots", metavar="ROOT", type=RootOrFolder(), multiple=True, help="Only this root; repeatable.")
@click.pass_obj
def summary(session: Session, by: str, roots: tuple[str, ...]) -> int:
    """Show how many files there are and how large they are together, by type, extension, age, size or owner."""
    answer = session.client().summary(by, roots=session.root_names(roots))
    if session.as_json:
        output.document(
            {
                "by": by,
                "rows": [row_documents.summary_row(row) for row in answer.rows],
                "files": answer.files,
                "bytes": answer.bytes,
                "not_compared": row_documents.not_compared(answer.not_compared),
                "freshness": documents.freshness(answer.freshness),
            }
        )
    else:
        show(answer, by)
    return exit_codes.DONE


def show(answer: catalog_pb2.SummaryResponse, by: str) -> None:
    """The table with a bar for each row's bytes."""
    rows = list(answer.rows)
    listed = rows[:ROWS_SHOWN]
    largest = max((row.bytes for row in rows), default=0)
    output.table(
        [
            output.Column("FILE SIZE" if by == "size" else by.upper()),
            output.Column("FILES", right=True),
            output.Column("SIZE", right=True),
            output.Column(""),
        ],
        [
            [_label(row.key, by), units.count(row.files), units.size(row.bytes), output.bar(row.bytes, largest)]
            for row in listed
        ],
    )
    output.line()
    more = f" {len(rows) - len(listed)} smaller rows are left out here; --json has them all." if listed != rows else ""
    output.line(f"{units.counted(answer.files, 'file')}, {units.size(answer.bytes)}.{more}")
    uncompared.say(answer.not_compared)
    warning = freshness.warning(answer.freshness)
    if warning:
        output.note(warning)


def _label(key: str, by: str) -> str:
    if by == "ext":
        return paths.safe_text(key) or "(none)"
    if by == "owner":
        return _user_name(key)
    return paths.safe_text(key)


def _user_name(key: str) -> str:
    """The user's name beside the number, where this system knows one."""
    try:
        import pwd

        return f"{pwd.getpwuid(int(key)).pw_name} ({key})"
    except (ImportError, ValueError, KeyError, OverflowError):
        return paths.safe_text(key)
