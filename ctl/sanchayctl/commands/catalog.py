"""`sanchayctl catalog`: the catalog's own file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sanchay import paths, row_documents, units
from sanchayctl import exit_codes, output
from sanchayctl.command import Command, Example, Group
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import daemon_pb2

#: What disagrees, for one and for many.
FAULTS = {
    "orphan_folders": ("folder that hangs on no root", "folders that hang on no root"),
    "lost_blocks": ("block of files without its folder or names", "blocks of files without their folder or names"),
    "leftovers": ("total of a folder that is not there", "totals of folders that are not there"),
    "totals": ("folder whose totals differ from what it holds", "folders whose totals differ from what they hold"),
    "rollups": ("root whose sums by type or age differ", "roots whose sums by type or age differ"),
    "ghost_keys": ("content key without its file", "content keys without their files"),
    "missing_keys": ("hashed file that duplicates do not know", "hashed files that duplicates do not know"),
    "groups": ("group of duplicates that differs from a count", "groups of duplicates that differ from a count"),
    "counters": ("total of duplicates that differs from the groups", "totals of duplicates that differ"),
    "names": ("name that the name index lacks or has too many", "names that the name index lacks or has too many"),
}


@click.group(cls=Group, examples=[Example("catalog check", "do its rows agree with one another")])
def catalog() -> None:
    """Look after the catalog's own file."""


@catalog.command(
    cls=Command,
    examples=[
        Example("catalog check", "do its rows agree with one another; exit 3 where they do not"),
        Example("catalog check --repair", "the same, and mend what does not"),
    ],
)
@click.option("--repair", is_flag=True, help="Mend rows that disagree, from those that they are derived from.")
@click.pass_obj
def check(session: Session, repair: bool) -> int:
    """Compare the rows of the catalog with one another: folders, totals, sums, duplicates and names.

    It looks at no file: what is on the disk is for a scan. It runs at idle priority beside all other work, so that it
    takes its time on a busy machine. The daemon does the same once a week, and mends what it finds.
    """
    answer = session.client().check_catalog(repair=repair)
    if session.as_json:
        output.document(row_documents.catalog_check(answer))
    else:
        _show(session, answer, repair=repair)
    if not answer.complete:
        return exit_codes.FAILED
    return exit_codes.DONE if all(fault.mended for fault in answer.faults) else exit_codes.PARTIAL


def _show(session: Session, answer: daemon_pb2.CheckCatalogResponse, *, repair: bool) -> None:
    for fault in answer.faults:
        one, many = FAULTS.get(fault.kind, (fault.kind, fault.kind))
        example = f", such as {paths.shown(fault.example)}" if fault.example.raw else ""
        mended = " Mended." if fault.mended else ""
        output.line(f"{units.count(fault.count)} {one if fault.count == 1 else many}{example}.{mended}")
    looked = f"{units.counted(answer.files, 'file')} in {units.counted(answer.folders, 'folder')}"
    if not answer.complete:
        output.line(f"The check was broken off after {looked}: the daemon stopped.")
    elif not answer.faults:
        output.line(f"The catalog is sound: {looked} were compared.")
    elif not repair:
        output.line(f"Mend it with: {session.next('catalog check --repair')}")
