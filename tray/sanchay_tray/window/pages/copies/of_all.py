"""What is said of groups and of all that a filter leaves, and what stands in their place where there are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sanchay.v1 import catalog_pb2, root_pb2
from sanchay_tray.window import shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.pages.copies.kinds import SmallPictures
from sanchay_tray.window.pages.copies.members import roots_by_id
from sanchay_tray.window.parts.empty import Empty
from sanchay_tray.window.parts.long_rows import Column
from sanchay_tray.words import count, say


def columns(
    small: SmallPictures,
    roots: Callable[[], Sequence[root_pb2.Root]],
    decided: Callable[[catalog_pb2.DuplicateGroup], str],
) -> list[Column]:
    """What a row says of a group."""

    def picture(group: catalog_pb2.DuplicateGroup) -> object:
        return small.icon(group.paths[0].path.raw, group.paths[0].modified_ns) if group.paths else None

    return [
        Column(say("Name"), lambda group: shown.name(group.paths[0].path) if group.paths else "", picture=picture),
        Column(say("Copies"), lambda group: shown.number(group.copies), is_number=True),
        Column(say("Each"), lambda group: shown.size(group.size), is_number=True),
        Column(say("Could be free"), lambda group: shown.size(group.freed_bytes), is_number=True),
        Column(say("Where"), lambda group: where(group, roots())),
        Column(say("Decided"), decided),
    ]


def where(group: catalog_pb2.DuplicateGroup, roots: Sequence[root_pb2.Root]) -> str:
    """The roots that a group has copies in, and the folder of its first."""
    names = roots_by_id(roots)
    found = dict.fromkeys(names.get(each.root_id, "") for each in group.paths)
    folder = shown.folder(group.paths[0].path) if group.paths else ""
    return f"{', '.join(name for name in found if name)}: {folder}"


def without_groups(
    desk: Desk, summary: catalog_pb2.SummaryResponse, *, is_narrow: bool, show_all: Callable[[], object]
) -> Empty:
    """Why there are none: no folder, a filter, or no copies among what was looked at."""
    looked = count("{n} file was looked at", "{n} files were looked at", summary.files)
    looked = f"{looked}: {shown.size(summary.bytes)}"
    waiting = summary.not_compared.files
    if waiting:
        looked += "\n" + count("{n} of them is not compared yet", "{n} of them are not compared yet", waiting)
    if not desk.state.roots:
        return Empty(
            "copies",
            say("No folder is cataloged yet"),
            action=say("Choose folders"),
            pressed=lambda: desk.go("folders"),
        )
    if is_narrow:
        return Empty("copies", say("No copies fit the filter"), looked, action=say("Show all"), pressed=show_all)
    return Empty("copies", say("No copies were found"), looked)
