"""`sanchayctl dedupe plan`: decides by rules which copies would go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sanchay import dedupe_documents, freshness, names, paths, reasons, units
from sanchay.guess import did_you_mean
from sanchayctl import acts, arguments, exit_codes, expression, output
from sanchayctl.arguments import Choice, Folder
from sanchayctl.command import Command, Example
from sanchayctl.commands.duplicates import TYPES, Size, extensions
from sanchayctl.session import Session

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from sanchay.v1 import dedupe_pb2

ACTIONS = ("trash", "hardlink", "reflink", "symlink", "delete")
LINKS_SHOWN = 5
RULES = ("oldest", "newest", "shortest-path", "linked")


class Rule(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions only
    """Which copy is rather kept: a word, or `under:` and a folder."""

    name = "rule"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The rule, its folder absolute."""
        word = str(value)
        if word.startswith("under:") and len(word) > len("under:"):
            return f"under:{paths.absolute(word.removeprefix('under:'))}"
        if word not in RULES:
            said = f"{names.quoted(word)} is not a valid rule; choose from under:PATH, {', '.join(RULES)}."
            self.fail(said + did_you_mean(word, RULES), param, ctx)
        return word

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The words, and behind `under:` folders."""
        from click.shell_completion import CompletionItem

        from sanchayctl import completing

        del ctx, param
        if incomplete.startswith("under:"):
            return [CompletionItem(f"under:{each}") for each in completing.folders(incomplete.removeprefix("under:"))]
        return [CompletionItem(word) for word in ("under:", *RULES) if word.startswith(incomplete)]


@click.command(
    cls=Command,
    examples=[
        Example("dedupe plan", "what would go, everywhere, by order of the roots, hard links, age and path"),
        Example(
            "dedupe plan --under ~/Pictures --prefer under:~/Pictures/Sorted --prefer oldest",
            "keep what is sorted, else the oldest; where that decides nothing, nothing happens",
        ),
        Example("dedupe plan --drop under:~/Downloads", "only what is below ~/Downloads may go"),
        Example("dedupe plan --keep-in Photos/2019 --drop-in Backup", "clear one folder of what another one has"),
        Example("dedupe plan --isolate /mnt/backup --action hardlink", "link copies, but never those of a backup"),
    ],
)
@click.option("--under", metavar="PATH", type=Folder(), help="Count only copies below PATH.")
@click.option("--min-size", metavar="SIZE", type=Size(), help="Leave out smaller files, such as 10M.")
@click.option("--ext", metavar="EXT", multiple=True, help="Only files with this extension; repeatable, or a,b,c.")
@click.option("--type", "types", type=Choice(TYPES), multiple=True, help="Only files of this type; repeatable.")
@click.option(
    "--drop",
    metavar="EXPR",
    default="",
    shell_complete=arguments.terms,
    help="Only copies that fit this expression of `find` may go.",
)
@click.option(
    "--keep",
    metavar="EXPR",
    default="",
    shell_complete=arguments.terms,
    help="Copies that fit this expression never go.",
)
@click.option(
    "--prefer",
    metavar="RULE",
    type=Rule(),
    multiple=True,
    help=f"Which copy stays: under:PATH, {', '.join(RULES)}; repeatable, the first that decides counts.",
)
@click.option(
    "--isolate",
    metavar="PATH",
    type=Folder(),
    multiple=True,
    help="All below PATH is one replica: its copies never go for one another; repeatable.",
)
@click.option(
    "--min-copies",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many copies stay at least.",
)
@click.option(
    "--min-devices",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="On how many devices they are at least.",
)
@click.option(
    "--keep-in",
    metavar="FOLDER",
    type=Folder(),
    multiple=True,
    help="With --drop-in: copies right in FOLDER, not below it, stay; repeatable.",
)
@click.option(
    "--drop-in",
    metavar="FOLDER",
    type=Folder(),
    multiple=True,
    help="Copies right in FOLDER go where a --keep-in folder has the content; repeatable.",
)
@click.option("--one-of-each-name", is_flag=True, help="Keep a copy of each file name.")
@click.option("--everywhere", is_flag=True, help="Include hidden folders, version control, packages and applications.")
@click.option(
    "--action", type=Choice(ACTIONS), default=ACTIONS[0], show_default=True, help="What is done to copies that go."
)
@click.pass_obj
def plan(
    session: Session,
    under: str | None,
    min_size: int | None,
    ext: tuple[str, ...],
    types: tuple[str, ...],
    drop: str,
    keep: str,
    prefer: tuple[str, ...],
    isolate: tuple[str, ...],
    min_copies: int,
    min_devices: int,
    keep_in: tuple[str, ...],
    drop_in: tuple[str, ...],
    one_of_each_name: bool,
    everywhere: bool,
    action: str,
) -> int:
    """Decide which copies would go, and keep that as a plan. No file is changed.

    Without a rule the first copy stays, by the order of the roots, then most hard links, oldest, path. Rules that
    decide nothing leave their group undecided, and nothing happens to it.
    """
    answer = session.client().make_plan(
        under=paths.absolute(under) if under is not None else None,
        min_size_bytes=min_size,
        extensions=extensions(ext),
        types=types,
        drop=_expression(session, drop),
        keep=_expression(session, keep),
        prefer=prefer,
        isolate=[paths.absolute(folder) for folder in isolate],
        min_copies=min_copies,
        min_devices=min_devices,
        one_of_each_name=one_of_each_name,
        everywhere=everywhere,
        action=action,
        keep_in=[paths.absolute(folder) for folder in keep_in],
        drop_in=[paths.absolute(folder) for folder in drop_in],
    )
    if session.as_json:
        output.document(dedupe_documents.plan(answer.plan))
        return exit_codes.DONE
    show_plan(answer.plan, undecided_because="no-rule-decides" if prefer else "all-to-drop")
    output.line(f"No file was changed. {what_next(session, answer.plan)}")
    warning = freshness.warning(answer.freshness)
    if warning:
        output.note(f"{warning} See: {session.next('status')}")
    return exit_codes.DONE


def _expression(session: Session, text: str) -> str:
    """An expression as the daemon takes it; an error points into the one that was read last."""
    joined = expression.join([text]) if text else ""
    session.expression = joined or session.expression
    return joined


def show_plan(plan: dedupe_pb2.Plan, *, undecided_because: str = "") -> None:
    """What a plan comes to, and what it leaves out."""
    if plan.files:
        groups = units.counted(plan.groups - plan.undecided, "group")
        frees = acts.freeing(plan.freed_bytes, when_emptied=plan.action == "trash")
        output.line(f"Plan {plan.id}: {acts.planned(plan.action, plan.files)}, of {groups}. That {frees}.")
    else:
        output.line(f"Plan {plan.id}: no copy would go.")
    if plan.undecided:
        why = f": {reasons.phrase(undecided_because)}" if undecided_because else ""
        output.line(f"{units.counted(plan.undecided, 'group')} undecided, and left as they are{why}.")
    if plan.broken_links and plan.action in ("trash", "delete"):  # others leave something at the same path
        output.line(f"{units.counted(plan.broken_links, 'symbolic link')} would lead nowhere:")
        shown = plan.links[:LINKS_SHOWN]
        for link in shown:
            output.line(f"    {paths.shown(link.path)} leads to {paths.shown(link.target)}")
        if plan.broken_links > len(shown):
            output.line(f"    … and {units.count(plan.broken_links - len(shown))} more")
    if plan.skipped:
        output.line("Left out:")
        for each in sorted(plan.skipped, key=lambda each: -each.files):
            output.line(f"    {units.counted(each.files, 'file')}: {reasons.phrase(each.reason)}")


def what_next(session: Session, plan: dedupe_pb2.Plan) -> str:
    """The commands to type after a plan was made or edited."""
    look = f"Look at it: {session.next(f'dedupe show {plan.id}')}"
    return f"{look} · do it: {session.next(f'dedupe run {plan.id}')}" if plan.files else look
