"""`sanchayctl duplicates --by-folder`: pairs of folders that share copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sanchay import freshness, paths, row_documents, units
from sanchayctl import exit_codes, listing, output, uncompared
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import catalog_pb2


def show(session: Session, answer: catalog_pb2.SharedFoldersResponse) -> int:
    """The pairs, those first where most could go."""
    if session.as_json:
        output.document(row_documents.shared_folders(answer))
        return exit_codes.DONE
    for at, pair in enumerate(answer.pairs):
        if at == 0:
            listing.header(f"{'GROUPS':>7}  {'COPIES':>7}  {'OF':>7}  {'BYTES':>7}  FOLDER")
        is_one = pair.left.path.raw == pair.right.path.raw
        for number, side in enumerate([pair.left] if is_one else [pair.left, pair.right]):
            groups = "" if number else units.count(pair.groups)
            output.line(
                f"{groups:>7}  {units.count(side.shared_files):>7}  {units.count(side.files):>7}  "
                f"{units.size(side.bytes):>7}  {paths.shown(side.path)}{_mark(side, is_one=is_one)}"
            )
    if not answer.pairs:
        listing.remark("No folders share copies.")
    elif len(answer.pairs) < answer.total_pairs:
        listing.remark(f"{units.counted(len(answer.pairs), 'pair')} shown; more with --limit, at most 1000.")
    if answer.partial:
        listing.remark(
            "Not every pair was counted: a group is in very many folders, or very many folders share copies."
        )
    uncompared.say(answer.not_compared)
    warning = freshness.warning(answer.freshness)
    if warning:
        output.note(warning)
    return exit_codes.DONE


def _mark(side: catalog_pb2.SharedFolder, *, is_one: bool) -> str:
    if is_one:
        return "  (within this folder)"
    return "  (all of it is in the other one)" if side.contained else ""
