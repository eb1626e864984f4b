"""`sanchayctl dedupe ignore`, `ignored` and `unignore`: copies that are wanted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from sanchay import dedupe_documents, paths, units
from sanchayctl import exit_codes, output
from sanchayctl.command import Command, Example
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import dedupe_pb2

_HASH = r"(?i)[0-9a-f]{64}"
WHICH = click.argument("which", metavar="HASH|PATH", type=click.Path())


def _named(word: str) -> dict[str, Any]:
    """A hash as 64 hexadecimal digits, else a path."""
    if re.fullmatch(_HASH, word):
        return {"content_hash": bytes.fromhex(word)}
    return {"path": paths.absolute(word)}


@click.command(cls=Command, examples=[Example("dedupe ignore ~/Pictures/a.jpg", "its copies are wanted")])
@WHICH
@click.pass_obj
def ignore(session: Session, which: str) -> int:
    """Say that the copies of a file, or of a HASH, are wanted: they leave plans until another copy appears."""
    group = session.client().ignore_copies(**_named(which)).group
    if session.as_json:
        output.document(dedupe_documents.ignored_group(group))
    else:
        copies = units.counted(len(group.paths), "path")
        output.line(f"Ignored from now on, until another copy appears: {copies} of {units.size(group.size)} each.")
        output.line(f"Take it back: {session.next(f'dedupe unignore {group.hash.hex()}')}")
    return exit_codes.DONE


@click.command(cls=Command, examples=[Example("dedupe ignored", "the copies that are wanted")])
@click.pass_obj
def ignored(session: Session) -> int:
    """List the copies that are ignored."""
    groups = session.client().iter_ignored()
    if session.as_json:
        output.document_list("rows", map(dedupe_documents.ignored_group, groups))
        output.document_end({})
        return exit_codes.DONE
    first = next(groups, None)
    if first is None:
        output.line("No copies are ignored.")
        return exit_codes.DONE
    for group in (first, *groups):
        _show(group)
    return exit_codes.DONE


def _show(group: dedupe_pb2.IgnoredGroup) -> None:
    output.line(f"{units.size(group.size)}, ignored since {units.moment(group.since_ns)}, hash {group.hash.hex()}")
    for path in group.paths:
        output.line(f"    {paths.shown(path)}")


@click.command(cls=Command, examples=[Example("dedupe unignore ~/Pictures/a.jpg", "its copies take part again")])
@WHICH
@click.pass_obj
def unignore(session: Session, which: str) -> int:
    """Let ignored copies take part in plans again."""
    was_ignored = session.client().unignore_copies(**_named(which)).was_ignored
    if session.as_json:
        output.document({"was_ignored": was_ignored})
    else:
        output.line("These copies take part in plans again." if was_ignored else "These copies were not ignored.")
    return exit_codes.DONE
