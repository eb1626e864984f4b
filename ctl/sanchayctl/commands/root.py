"""`sanchayctl root`: the folders that are kept in the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sanchay import documents, paths, units
from sanchay.errors import TimedOut
from sanchayctl import exit_codes, listing, output
from sanchayctl.arguments import Choice, Folder, RootOrFolder
from sanchayctl.command import Example, Group
from sanchayctl.commands.status import show_roots
from sanchayctl.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sanchay.v1 import root_pb2

HASH_SCOPES = Choice(["all", "duplicates", "none"])
ALGORITHMS = Choice(["blake3", "sha256"])
WATCH_MODES = Choice(["auto", "events", "poll", "off"])
LONGEST_S = 7 * 86400
# Whose change is seen once the folder is looked at again: a watched or polled one is at once.
OF_SCANS = ("hash_scope", "algorithm", "one_file_system", "skip_hidden")

_KINDS = {
    "local": "local disk",
    "network": "network share",
    "removable": "removable disk",
    "optical": "optical disc",
    "memory": "disk in memory",
    "other": "file system of another kind",
}


class Seconds(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions alone
    """A duration of whole seconds, as a person types it."""

    name = "duration"

    def __init__(self, longest_s: int = LONGEST_S) -> None:
        self._longest_s = longest_s

    def convert(self, value: object, parameter: click.Parameter | None, context: click.Context | None) -> int:
        """Seconds; a usage error says what would do."""
        if isinstance(value, int):
            return value
        try:
            seconds = round(units.parse_duration(str(value)))
        except ValueError as error:
            self.fail(str(error), parameter, context)
        if not 1 <= seconds <= self._longest_s:
            self.fail(f"{value} is out of range: from 1 s to {units.duration(self._longest_s)}.", parameter, context)
        return seconds


@click.group(
    cls=Group,
    examples=[
        Example("root add ~/Pictures --name photos", "keep a folder in the catalog"),
        Example("root list", "which folders are in it, and how fresh"),
    ],
)
def root() -> None:
    """The folders that are kept in the catalog. A ROOT is named by its name, its id or its path."""


@root.command(
    examples=[
        Example("root add ~/Pictures --name photos", "add a folder; its scan starts in the background"),
        Example("root add ~/Music ~/Films", "add several"),
        Example(
            "root add /mnt/nas --hash duplicates --exclude '*.tmp' --exclude '.cache/'", "read less of a slow disk"
        ),
    ]
)
@click.argument("folders", metavar="PATH...", nargs=-1, required=True, type=Folder())
@click.option("--name", default="", help="A short name for it; made from the folder's own name otherwise.")
@click.option(
    "--hash",
    "hash_scope",
    type=HASH_SCOPES,
    default="all",
    show_default=True,
    help="Which files are read and hashed: all, those that may have a duplicate, or none.",
)
@click.option("--algorithm", type=ALGORITHMS, default="blake3", show_default=True, help="How they are hashed.")
@click.option(
    "--exclude",
    metavar="GLOB",
    multiple=True,
    help="Leave out what matches: *.tmp, a path below the folder, or a whole path in it.",
)
@click.option("--one-file-system", is_flag=True, help="Do not enter file systems that are mounted below it.")
@click.option("--skip-hidden", is_flag=True, help="Leave out hidden files and folders.")
@click.option(
    "--watch",
    type=WATCH_MODES,
    default="auto",
    show_default=True,
    help="How changes are noticed: as events, by polling, or only by scans; auto takes what the file system gives.",
)
@click.option(
    "--poll-interval",
    "poll_s",
    metavar="DURATION",
    type=Seconds(),
    default="5m",
    show_default=True,
    help="How often a polled folder is looked at, such as 30s or 1h.",
)
@click.option("--no-scan", is_flag=True, help="Do not start a scan now.")
@click.pass_obj
def add(session: Session, /, folders: tuple[str, ...], **settings: Any) -> int:
    """Add folders to the catalog; a scan of each starts in the background.

    Where one cannot be added, those after it are not, and those before it stay added.
    """
    if settings["name"] and len(folders) > 1:
        raise click.UsageError("--name is for one folder; add the others without it.")
    settings["exclude"] = [paths.home_expanded(glob) for glob in settings["exclude"]]
    added = []
    for folder in folders:
        answer = session.client().add_root(paths.absolute(folder), **settings)
        added.append(_added(answer))
        if not session.as_json:
            _show_added(session, answer)
    if session.as_json:
        output.document(added[0] if len(folders) == 1 else {"added": added})
    return exit_codes.DONE


def _added(answer: root_pb2.AddRootResponse) -> documents.Document:
    return {
        "root": documents.root(answer.root),
        "existed": answer.existed,
        "job_id": answer.job_id or None,
        "notices": list(answer.notices),
    }


def _show_added(session: Session, answer: root_pb2.AddRootResponse) -> None:
    if answer.existed:
        output.line(f"{_named(answer.root)} was a root already; nothing was changed.")
        output.line(f"Change its settings with: {session.next(f'root update {answer.root.id}')} …")
    else:
        output.line(f"Added {_named(answer.root)}.")
    for notice in answer.notices:
        output.line(paths.safe_text(notice))
    if answer.job_id:
        output.line(
            f"Job {answer.job_id} scans it in the background. Watch: {session.next(f'job follow {answer.job_id}')}"
        )


@root.command(
    name="list",
    examples=[
        Example("root list", "every root with its state, size and freshness"),
        Example("root list -0 | xargs -0 df", "the folders for another program"),
    ],
)
@listing.options
@click.pass_obj
def list_(session: Session, only_paths: bool, null: bool) -> int:
    """List every root."""
    listing.check(session, only_paths, null)
    roots = session.client().list_roots().roots
    if session.as_json:
        output.document({"roots": [documents.root(each) for each in roots]})
    elif only_paths or null:
        listing.print_paths((each.path for each in roots), null=null)
    elif roots:
        show_roots(roots, titles=output.for_people())
    else:
        listing.remark(f"No folder is cataloged yet. Add one with: {session.next('root add FOLDER')}")
    return exit_codes.DONE


@root.command(
    examples=[
        Example("root update photos --hash duplicates", "hash only what may have a duplicate"),
        Example("root update photos --no-exclude --exclude '*.tmp'", "replace the globs of a root"),
        Example("root update nas --watch poll --poll-interval 30m", "look at a slow share each half hour"),
        Example(
            "root update home --expect-unreadable ~/.cache/doc", "unreadable files there are not an error any more"
        ),
        Example("root update photos --accept", "take the folder that is there now for the root, and scan it"),
    ]
)
@click.argument("root", metavar="ROOT", type=RootOrFolder())
@click.option("--name", help="Another name.")
@click.option("--hash", "hash_scope", type=HASH_SCOPES, help="Which files are read and hashed.")
@click.option("--algorithm", type=ALGORITHMS, help="How they are hashed.")
@click.option("--exclude", metavar="GLOB", multiple=True, help="Leave out what matches as well; repeatable.")
@click.option("--no-exclude", is_flag=True, help="Forget the globs that the root has.")
@click.option("--one-file-system/--no-one-file-system", default=None, help="Whether mounted file systems are left out.")
@click.option("--skip-hidden/--no-skip-hidden", default=None, help="Whether hidden files are left out.")
@click.option("--watch", type=WATCH_MODES, help="How changes are noticed.")
@click.option(
    "--poll-interval",
    "poll_s",
    metavar="DURATION",
    type=Seconds(),
    help="How often it is looked at where it is polled, such as 30s or 1h.",
)
@click.option(
    "--expect-unreadable",
    metavar="PATH",
    multiple=True,
    type=click.Path(readable=False),
    help="What need not be readable: it makes no scan partial; repeatable.",
)
@click.option("--no-expect-unreadable", is_flag=True, help="Forget what need not be readable.")
@click.option(
    "--accept",
    is_flag=True,
    help="Take the folder that is there now for the root, and scan it; files that are not in it are forgotten.",
)
@click.pass_obj
def update(
    session: Session,
    /,
    root: str,
    exclude: tuple[str, ...],
    no_exclude: bool,
    expect_unreadable: tuple[str, ...],
    no_expect_unreadable: bool,
    accept: bool,
    **settings: Any,
) -> int:
    """Change a root's name or settings. They count at once; where it is not watched, from its next scan.

    A root whose folder is another than at the last scan is offline, and its files stay cataloged, until --accept says
    that the folder is the right one.
    """
    expects = bool(expect_unreadable) or no_expect_unreadable
    named = exclude or no_exclude or accept or expects
    if not named and all(value is None for value in settings.values()):
        raise click.UsageError("Nothing to change was named.")
    answer = session.client().update_root(
        session.root_names([root])[0],
        exclude=[paths.home_expanded(glob) for glob in exclude],
        replace_exclude=no_exclude,
        expect_unreadable=[paths.absolute(path) for path in expect_unreadable],
        replace_expect_unreadable=no_expect_unreadable,
        accept=accept,
        **settings,
    )
    if session.as_json:
        output.document({"root": documents.root(answer.root)})
    else:
        output.line(f"Changed {_named(answer.root)}: {_settings(answer.root.settings)}.")
        if accept or expects:
            output.line(f"It is scanned in the background. Watch: {session.next('jobs')}")
        elif exclude or no_exclude or any(settings[key] is not None for key in OF_SCANS):
            if answer.root.live.mode in ("events", "poll"):
                output.line("This counts at once: the folder is compared in the background.")
            else:
                output.line(f"This counts from its next scan: {session.next(f'scan {answer.root.id}')}")
        else:
            output.line("This counts at once.")
    return exit_codes.DONE


@root.command(
    examples=[
        Example("root sync photos", "wait until the catalog holds what was just written there"),
        Example("root sync nas --timeout 10m && sanchayctl find root:nas dup:yes", "an answer that is up to date"),
    ]
)
@click.argument("root", metavar="ROOT", type=RootOrFolder())
@click.option(
    "--timeout",
    "timeout_s",
    metavar="DURATION",
    type=Seconds(),
    default="1h",
    show_default=True,
    help="How long to wait, such as 30s or 10m.",
)
@click.pass_obj
def sync(session: Session, root: str, timeout_s: int) -> int:
    """Wait until everything that was written below ROOT before is in the catalog, settled and hashed.

    Exit 3 where parts of it could not be read; an error where the folder is not there now, or the time is over.
    """
    try:
        answer = session.client().sync_root(session.root_names([root])[0], timeout_s=timeout_s)
    except TimedOut as error:
        raise TimedOut(
            f"{paths.safe_text(root)} was not up to date within {units.duration(timeout_s)}; the daemon goes on. "
            f"See: {session.next('status')}"
        ) from error
    if session.as_json:
        output.document(
            {
                "state": answer.state,
                "freshness": documents.freshness(answer.freshness),
                "message": answer.message,
                "root": documents.root(answer.root),
            }
        )
    else:
        what = "up to date" if answer.state == "done" else "up to date save for what could not be read"
        output.line(f"{_named(answer.root)} is {what}: {units.counted(answer.root.files, 'file')}.")
        if answer.message:
            output.line(paths.safe_text(answer.message))
    return exit_codes.of_job_state(answer.state)


@root.command(
    examples=[
        Example("root check ~/Pictures", "what would come of adding it"),
        Example("root check /mnt/nas --patience 5000", "count what it holds for up to five seconds"),
    ]
)
@click.argument("folder", metavar="PATH", type=Folder())
@click.option(
    "--patience",
    "patience_ms",
    type=click.IntRange(0, 5000),
    default=300,
    show_default=True,
    help="Milliseconds for counting what it holds; 0: do not.",
)
@click.pass_obj
def check(session: Session, folder: str, patience_ms: int) -> int:
    """Show what would come of adding a folder, without adding it. Exit 1 where it cannot be added."""
    found = session.client().check_root(paths.absolute(folder), patience_ms=patience_ms).check
    if session.as_json:
        output.document(documents.root_check(found))
    else:
        for sentence in _check_sentences(found):
            output.line(sentence)
    return exit_codes.DONE if found.state == "ok" else exit_codes.FAILED


def _check_sentences(found: root_pb2.RootCheck) -> Iterable[str]:
    shown = paths.shown(found.path)
    if found.state == "ok":
        yield f"{shown} is {f'the root {paths.safe_text(found.root)}' if found.root else 'a folder that can be added'}."
    else:
        yield paths.safe_text(found.message)
    for names, how in ((found.inside, "lies inside"), (found.contains, "contains")):
        if names:
            yield f"It {how} {'the root' if len(names) == 1 else 'the roots'} {paths.safe_text(', '.join(names))}."
    if found.file_system:
        at = f" at {paths.shown(found.mount_point)}" if found.HasField("mount_point") else ""
        yield f"It is on a {_KINDS.get(found.kind, found.kind)} ({found.file_system}{at})."
    if found.total_bytes:
        yield f"{units.size(found.free_bytes)} of {units.size(found.total_bytes)} are free there."
    if found.mode:
        yield f"{_keeping(found)}: {paths.safe_text(found.because)}."
    if found.HasField("count"):
        count = found.count
        least = "" if count.complete else "at least "
        held = (
            f"{units.counted(count.files, 'file')}, {units.counted(count.folders, 'folder')}, {units.size(count.bytes)}"
        )
        yield f"It holds {least}{held}{', as the catalog has it' if count.from_catalog else ''}."


def _keeping(found: root_pb2.RootCheck) -> str:
    kept = {"events": "Changes are seen as they happen", "off": "Changes are seen by scans only"}
    return kept.get(found.mode, f"It is looked at every {units.duration(found.poll_s)}")


@root.command(examples=[Example("root suggest", "your own folders and mounted drives")])
@click.pass_obj
def suggest(session: Session) -> int:
    """List folders that you may want to add: pictures, documents, downloads, music, videos, mounted drives."""
    checks = session.client().suggest_roots().checks
    if session.as_json:
        output.document({"rows": [documents.root_check(each) for each in checks]})
        return exit_codes.DONE
    columns = [output.Column("WHAT"), output.Column("KIND"), output.Column("FREE", right=True)]
    columns += [output.Column("ROOT"), output.Column("PATH")]
    rows = [
        [
            each.what,
            each.kind if each.state == "ok" else each.state,
            units.size(each.free_bytes) if each.total_bytes else "",
            paths.safe_text(each.root or ", ".join(f"in {name}" for name in each.inside)) or "-",
            paths.shown(each.path),
        ]
        for each in checks
    ]
    output.table(columns, rows)
    return exit_codes.DONE


@root.command(examples=[Example("root remove photos", "forget a root; its files stay where they are")])
@click.argument("root", metavar="ROOT", type=RootOrFolder())
@click.pass_obj
def remove(session: Session, root: str) -> int:
    """Forget a root and what the catalog knows of it. No file is touched."""
    client = session.client()
    answer = client.remove_root(session.root_names([root])[0])
    if session.as_json:
        output.document({"root": documents.root(answer.root), "schedules": list(answer.schedules)})
    else:
        output.line(f"{_removed(answer.root, client.list_roots().roots)} Nothing on the disk was touched.")
        if answer.schedules:
            names = paths.safe_text(", ".join(answer.schedules))
            noun = "The schedule" if len(answer.schedules) == 1 else "The schedules"
            verb = "names" if len(answer.schedules) == 1 else "name"
            output.line(
                f"{noun} {names} still {verb} it: change what they ask for. See: {session.next('schedule list')}"
            )
    return exit_codes.DONE


def _removed(removed: root_pb2.Root, left: Iterable[root_pb2.Root]) -> str:
    """What became of the root's rows: those that another root has too stay in the catalog."""
    files = units.counted(removed.files, "file")
    others = list(left)
    outer = [root for root in others if _lies_in(removed.path.raw, root.path.raw)]
    if outer:
        around = max(outer, key=lambda root: len(root.path.raw))
        return f"Removed {_named(removed)}. The catalog keeps its {files}, which {_named(around)} holds too."
    inner = [root for root in others if _lies_in(root.path.raw, removed.path.raw)]
    kept = f", save those in {' and '.join(_named(root) for root in inner)}" if inner else ""
    return f"Removed {_named(removed)} and its {files} from the catalog{kept}."


def _lies_in(path: bytes, folder: bytes) -> bool:
    top = folder.rstrip(b"/\\")
    return path.startswith(top) and path[len(top) : len(top) + 1] in {b"/", b"\\"} and path != folder


def _named(root: root_pb2.Root) -> str:
    return f"root {root.id} {paths.safe_text(root.name)} ({paths.shown(root.path)})"


def _settings(settings: root_pb2.RootSettings) -> str:
    words = [f"hash {documents.hash_scope(settings)}", f"algorithm {documents.algorithm(settings)}"]
    words += [f"exclude {paths.safe_text(glob)}" for glob in settings.exclude]
    words += ["one file system"] if settings.one_file_system else []
    words += ["hidden files left out"] if settings.skip_hidden else []
    words += [f"{paths.shown(path)} need not be readable" for path in settings.expect_unreadable]
    words += [f"watch {documents.watch_mode(settings)}", f"poll interval {units.duration(settings.poll_s)}"]
    return ", ".join(words)
