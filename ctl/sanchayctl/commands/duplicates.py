"""`sanchayctl duplicates`: groups of files with equal content."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from sanchay import freshness, paths, row_documents, units
from sanchayctl import exit_codes, listing, output, uncompared
from sanchayctl.arguments import Choice, Folder
from sanchayctl.command import Command, Example
from sanchayctl.commands import by_folder as pairs
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import catalog_pb2

TYPES = ("image", "video", "audio", "document", "archive", "code", "log", "other")
PAGE_GROUPS = 200
PATHS_SHOWN = 20
FREED_IS_MORE = "FREED can be more than RECLAIMABLE: files take whole blocks of the disk, mostly of 4K."


class Size(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4, and 8.1 will do
    """Bytes, as `10M` or `1.5G`."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes."""
        if isinstance(value, int):
            return value
        try:
            return units.parse_size(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command(
    cls=Command,
    examples=[
        Example("duplicates", "the groups that would give back the most"),
        Example("duplicates --under ~/Pictures --type image", "pictures, counting copies below one folder only"),
        Example("duplicates --min-size 10M --ext mkv,mp4 --sort size", "large videos"),
        Example("duplicates --by-folder", "pairs of folders that share copies"),
        Example("--json duplicates --all", "every group as one JSON document"),
    ],
)
@click.option("--under", metavar="PATH", type=Folder(), help="Count only copies below PATH, in the totals too.")
@click.option(
    "--min-size", metavar="SIZE", type=Size(), help="Leave out smaller files, such as 10M; 0 asks for empty ones."
)
@click.option("--ext", metavar="EXT", multiple=True, help="Only files with this extension; repeatable, or a,b,c.")
@click.option("--type", "types", type=Choice(TYPES), multiple=True, help="Only files of this type; repeatable.")
@click.option(
    "--sort",
    type=Choice(["reclaimable", "size", "copies"]),
    default="reclaimable",
    show_default=True,
    help="What comes first; always the largest.",
)
@click.option("--ignored", "with_ignored", is_flag=True, help="Show groups too that `dedupe ignore` leaves out.")
@click.option("--by-folder", is_flag=True, help="Show pairs of folders that share copies instead of groups.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Maximum number of groups.")
@click.option("--all", "everything", is_flag=True, help="Every group, whatever the limit.")
@listing.options
@click.pass_obj
def duplicates(
    session: Session,
    under: str | None,
    min_size: int | None,
    ext: tuple[str, ...],
    types: tuple[str, ...],
    sort: str,
    with_ignored: bool,
    by_folder: bool,
    limit: int,
    everything: bool,
    only_paths: bool,
    null: bool,
) -> int:
    """Show groups of files whose content is equal. Hard links are one copy; nothing is deleted.

    RECLAIMABLE is the size of all copies but one; FREED is what clearing them would really give back: less where a copy
    has another link outside the roots, or shares its blocks, and more where files end in the middle of a block, which
    only they take. What an overlay, a union, a FUSE program or a
    share shows may be the same file as one beside it: it is marked, and frees nothing. The totals never depend on the
    limit. With --by-folder, COPIES are the files OF a folder that are in the other one too, BYTES is what could go
    there.
    """

    listing.check(session, only_paths, null)
    if by_folder:
        if only_paths or null or everything or sort != "reclaimable":
            raise click.UsageError("--by-folder goes without --sort, --all, --paths and --null.")
        answer = session.client().shared_folders(
            under=paths.absolute(under) if under is not None else None,
            min_size_bytes=min_size,
            extensions=extensions(ext),
            types=types,
            with_ignored=with_ignored,
            limit=limit,
        )
        return pairs.show(session, answer)

    def page(count: int, token: str) -> catalog_pb2.DuplicatesResponse:
        return session.client().duplicates(
            under=paths.absolute(under) if under is not None else None,
            min_size_bytes=min_size,
            extensions=extensions(ext),
            types=types,
            sort=sort,
            with_ignored=with_ignored,
            limit=count,
            page_token=token,
        )

    first = page(PAGE_GROUPS if everything else min(limit, PAGE_GROUPS), "")
    groups = _groups(page, first, None if everything else limit)
    if session.as_json:
        output.document_list("groups", (row_documents.duplicate_group(group) for group in groups))
        output.document_end(row_documents.duplicate_totals(first))
    elif only_paths or null:
        _show_paths(groups, null=null)
    else:
        noticed = _Noticed(groups)
        shown = show_groups(iter(noticed), paths_shown=None if everything else PATHS_SHOWN)
        _show_totals(session, first, shown, freed_is_more=noticed.freed_is_more)
    return exit_codes.DONE


def extensions(values: Iterable[str]) -> list[str]:
    """Extensions as they are typed: repeated, or parted by commas, with a dot or without."""
    return [one.strip().lstrip(".") for value in values for one in value.split(",") if one.strip(" .")]


def _groups(
    page: Callable[[int, str], catalog_pb2.DuplicatesResponse],
    first: catalog_pb2.DuplicatesResponse,
    limit: int | None,
) -> Iterator[catalog_pb2.DuplicateGroup]:
    """At most `limit` groups, a page in memory at a time."""
    answer, given = first, 0
    while True:
        for group in answer.groups:
            if limit is not None and given >= limit:
                return
            yield group
            given += 1
        if not answer.next_page_token or (limit is not None and given >= limit):
            return
        wanted = PAGE_GROUPS if limit is None else min(limit - given, PAGE_GROUPS)
        answer = page(wanted, answer.next_page_token)


class _Noticed:
    """Groups as they pass by, and whether one of them would free more than its files are long."""

    def __init__(self, groups: Iterator[catalog_pb2.DuplicateGroup]) -> None:
        self._groups = groups
        self.freed_is_more = False

    def __iter__(self) -> Iterator[catalog_pb2.DuplicateGroup]:
        for group in self._groups:
            self.freed_is_more |= group.freed_bytes > group.reclaimable_bytes
            yield group


def _show_paths(groups: Iterator[catalog_pb2.DuplicateGroup], *, null: bool) -> None:
    """The paths of each group, and behind them an empty line, or an empty path where paths end with a NUL."""
    for group in groups:
        listing.print_paths((each.path for each in group.paths), null=null)
        output.raw(b"\0" if null else b"\n")


def show_groups(groups: Iterator[catalog_pb2.DuplicateGroup], paths_shown: int | None = PATHS_SHOWN) -> int:
    """Each group with its paths below it; how many there were."""
    shown = 0
    for group in groups:
        if shown == 0:
            listing.header(f"{'SIZE':>7}  {'COPIES':>6}  {'RECLAIMABLE':>11}  {'FREED':>7}")
        shown += 1
        output.line(
            f"{units.size(group.size):>7}  {units.count(group.copies):>6}  "
            f"{units.size(group.reclaimable_bytes):>11}  {units.size(group.freed_bytes):>7}"
        )
        listed = group.paths if paths_shown is None else group.paths[:paths_shown]
        for above, each in zip([None, *listed], listed, strict=False):
            output.line(f"    {paths.shown(each.path)}{_mark(each, above)}")
        if group.total_paths > len(listed):
            output.line(f"    … and {units.count(group.total_paths - len(listed))} more")
    return shown


def _mark(each: catalog_pb2.DuplicatePath, above: catalog_pb2.DuplicatePath | None) -> str:
    """What is said of a path beside it."""
    if above is not None and each.copy and each.copy == above.copy:
        return "  (same file as above)"
    return "  (perhaps one file with another here)" if each.perhaps else ""


def _show_totals(session: Session, answer: catalog_pb2.DuplicatesResponse, shown: int, *, freed_is_more: bool) -> None:
    warning = freshness.warning(answer.freshness)
    if not answer.total_groups:
        listing.remark(
            "No duplicates among the files that were compared." if answer.not_compared.files else "No duplicates."
        )
        _say_ignored(answer)
        uncompared.say(answer.not_compared)
        if warning:
            output.note(f"{warning} See: {session.next('status')}")
        return
    redundant = units.counted(answer.total_redundant_files, "extra copy", "extra copies")
    listing.total(
        f"\n{units.counted(answer.total_groups, 'group')}, {redundant}: "
        f"{units.size(answer.total_reclaimable_bytes)} reclaimable; clearing them would free "
        f"{units.size(answer.total_freed_bytes)}."
    )
    if freed_is_more or answer.total_freed_bytes > answer.total_reclaimable_bytes:
        listing.total(FREED_IS_MORE)
    if shown < answer.total_groups:
        listing.remark(f"{units.counted(shown, 'group')} shown; more with --limit, everything with --all.")
    _say_ignored(answer)
    uncompared.say(answer.not_compared)
    if warning:
        output.note(warning)


def _say_ignored(answer: catalog_pb2.DuplicatesResponse) -> None:
    if answer.ignored_groups:
        listing.remark(f"{units.counted(answer.ignored_groups, 'ignored group')} left out; shown with --ignored.")
