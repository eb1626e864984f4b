"""`sanchayctl schedule`: what the daemon does by the clock."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from sanchay import documents, paths, units
from sanchay.errors import CatalogClosed, DaemonUnavailable, InvalidArgument, InvalidQuery, ShuttingDown
from sanchayctl import arguments, exit_codes, expression, interrupt, output, progress
from sanchayctl.command import Example, Group
from sanchayctl.commands.root import Seconds
from sanchayctl.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sanchay.v1 import schedule_pb2

NAME = click.argument("name", metavar="NAME", shell_complete=arguments.schedules)
EVERY_MAX_S = 3650 * 86_400


@click.group(
    cls=Group,
    examples=[
        Example('schedule add big --cron "0 2 * * *" report "root:nas size:>1G"', "large files, each night at two"),
        Example("schedule add often --every 6h scan photos", "scan a root every six hours"),
        Example("schedule list", "what happens when, and how it went last"),
    ],
)
def schedule() -> None:
    """Let the daemon scan and report by the clock. A run that was missed while it was off happens once, later."""


@schedule.command(
    cls=expression.QueryCommand,
    examples=[
        Example('schedule add big --cron "0 2 * * *" report "root:nas size:>1G"', "large files, each night at two"),
        Example('schedule add week --cron "30 6 * * mon" scan', "every root, on Mondays at half past six"),
        Example("schedule add often --every 6h scan photos", "one root, every six hours"),
        Example(
            "schedule add rot --every 7d verify --budget 2h", "two hours a week, what was checked longest ago first"
        ),
    ],
)
@click.argument("name", metavar="NAME")
@click.argument("action", metavar="ACTION...", nargs=-1, required=True, shell_complete=arguments.action)
@click.option("--cron", default="", metavar="EXPR", help="When: minute, hour, day of the month, month, weekday.")
@click.option("--every", "every_s", type=Seconds(EVERY_MAX_S), metavar="DURATION", help="How often, such as 6h or 30d.")
@click.option(
    "--to",
    "to_folder",
    metavar="DIR",
    type=arguments.Folder(),
    help="Where a report is written as CSV, if config.toml lets.",
)
@click.option("--budget", metavar="TIME|SIZE", default="", help="How long or how much to verify, as 30m or 50G.")
@click.pass_obj
def add(
    session: Session,
    name: str,
    action: tuple[str, ...],
    cron: str,
    every_s: int | None,
    to_folder: str | None,
    budget: str,
) -> int:
    """Add a schedule. ACTION is one of these:

    \b
    scan [ROOT...]       scan roots (all, where none is named)
    report EXPR...       store what a query finds, and what is new, grown and gone
    check                compare the catalog's rows, and mend those that disagree
    verify [ROOT...]     find rot, within --budget

    The hours of --cron are local; @daily, @weekly, @hourly and names of days and months are understood.
    """
    if bool(cron) == bool(every_s):
        raise click.UsageError("Say when: either --cron or --every.")
    kind, query, words = _action_words(action, budget)
    try:
        answer = session.client().add_schedule(
            name,
            kind,
            cron=cron,
            every_s=every_s or 0,
            roots=session.root_names(words) if kind in ("scan", "verify") else (),
            expression=query or budget,
            to_folder=paths.absolute(to_folder) if to_folder is not None else None,
        )
    except (InvalidQuery, InvalidArgument) as error:
        session.expression = query if isinstance(error, InvalidQuery) else cron  # what a position is one of
        raise
    return _show_changed(session, answer.schedule, "Added {name}. Next run: {next}.")


@schedule.command(
    cls=expression.QueryCommand,
    examples=[
        Example('schedule edit big --cron "0 3 * * *"', "at three, not at two"),
        Example('schedule edit big report "size:>2G"', "another query"),
        Example("schedule edit often --rename photos --every 12h", "another name, half as often"),
    ],
)
@NAME
@click.argument("action", metavar="[ACTION...]", nargs=-1, shell_complete=arguments.action)
@click.option("--rename", metavar="NAME", help="Another name.")
@click.option("--cron", metavar="EXPR", help="When: minute, hour, day of the month, month, weekday.")
@click.option("--every", "every_s", type=Seconds(EVERY_MAX_S), metavar="DURATION", help="How often, such as 6h or 30d.")
@click.option("--to", "to_folder", metavar="DIR", type=arguments.Folder(), help="Where a report is written as CSV.")
@click.option("--no-file", is_flag=True, help="Write reports to no folder any more.")
@click.option("--budget", metavar="TIME|SIZE", help="How long or how much to verify, as 30m or 50G.")
@click.pass_obj
def edit(
    session: Session,
    name: str,
    action: tuple[str, ...],
    rename: str | None,
    cron: str | None,
    every_s: int | None,
    to_folder: str | None,
    no_file: bool,
    budget: str | None,
) -> int:
    """Change a schedule. What is not named stays, its runs and reports too; a run under way goes on as it was begun.

    ACTION is as in `schedule add`, and takes the place of all that it was.
    """
    if cron is not None and every_s is not None:
        raise click.UsageError("Say when: either --cron or --every.")
    if no_file and to_folder is not None:
        raise click.UsageError("Either --to or --no-file.")
    kind, query, roots = None, budget, None
    if action:
        kind, asked, words = _action_words(action, budget or "")
        query = asked or budget or ""
        roots = session.root_names(words) if kind in ("scan", "verify") else None
    elif budget is not None and session.client().get_schedule(name).schedule.action != "verify":
        raise click.UsageError("Only a verification has a budget.")
    changed = any(each is not None for each in (rename, cron, every_s, to_folder, kind, query)) or no_file
    if not changed:
        raise click.UsageError("Say what to change.")
    try:
        answer = session.client().update_schedule(
            name,
            new_name=rename,
            cron=cron,
            every_s=every_s,
            action=kind,
            roots=roots,
            expression=query,
            to_folder=paths.absolute(to_folder) if to_folder is not None else None,
            no_file=no_file,
        )
    except (InvalidQuery, InvalidArgument) as error:
        session.expression = (query if isinstance(error, InvalidQuery) else cron) or ""  # what a position is one of
        raise
    return _show_changed(session, answer.schedule, "Changed {name}. Next run: {next}.")


@schedule.command(
    examples=[
        Example('schedule preview --cron "0 2 * * mon"', "is it valid, and when would it run"),
        Example("schedule preview --every 6h --count 3", "the next three times"),
    ]
)
@click.option("--cron", default="", metavar="EXPR", help="When: minute, hour, day of the month, month, weekday.")
@click.option("--every", "every_s", type=Seconds(EVERY_MAX_S), metavar="DURATION", help="How often, such as 6h or 30d.")
@click.option("--count", type=click.IntRange(1, 100), default=5, show_default=True, help="How many times.")
@click.pass_obj
def preview(session: Session, cron: str, every_s: int | None, count: int) -> int:
    """Show when a schedule would run, without adding it."""
    if bool(cron) == bool(every_s):
        raise click.UsageError("Say when: either --cron or --every.")
    session.expression = cron  # what a position of an error is one of
    times = session.client().preview_schedule(cron=cron, every_s=every_s or 0, count=count).times_ns
    if session.as_json:
        output.document({"times": [documents.moment(each) for each in times]})
    for each in () if session.as_json else times:
        output.line(units.second(each))
    return exit_codes.DONE


@schedule.command(name="list", examples=[Example("schedule list", "every schedule with its next and its last run")])
@click.pass_obj
def list_(session: Session) -> int:
    """List every schedule."""
    schedules = session.client().list_schedules().schedules
    if session.as_json:
        output.document({"rows": [documents.schedule(each) for each in schedules]})
    elif schedules:
        columns = [output.Column(title) for title in ("NAME", "WHEN", "NEXT RUN", "LAST RUN", "STATE", "ACTION")]
        output.table(columns, [_cells(each) for each in schedules])
    else:
        hint = session.next("schedule add NAME --every 6h scan")
        output.line(f"There is no schedule yet. Add one with: {hint}")
    return exit_codes.DONE


@schedule.command(examples=[Example("schedule show big", "all there is to know of one")])
@NAME
@click.pass_obj
def show(session: Session, name: str) -> int:
    """Show a schedule with its next five runs and its last one."""
    client = session.client()
    answer = client.get_schedule(name).schedule
    times = client.preview_schedule(name).times_ns if answer.enabled else []
    if session.as_json:
        output.document({**documents.schedule(answer), "next_runs": [documents.moment(each) for each in times]})
        return exit_codes.DONE
    coming = _coming(answer) if answer.enabled else "none, it is disabled"
    output.line(f"{paths.safe_text(answer.name)}: {_action(answer)}")
    output.line(f"When: {_when(answer)}. Next run: {coming}.")
    if len(times) > 1:
        output.line(f"Then: {', '.join(map(units.moment, times[1:]))}.")
    if answer.HasField("to_folder"):
        output.line(f"Reports go to {paths.shown(answer.to_folder)}.")
    if answer.HasField("last_run"):
        _show_run(session, answer.name, answer.last_run)
    else:
        output.line("It has not run yet.")
    return exit_codes.DONE


@schedule.command(
    examples=[Example("schedule run big", "now, and wait for its end"), Example("schedule run big --detach", "now")]
)
@NAME
@click.option("--detach", is_flag=True, help="Return at once; the run goes on in the daemon.")
@click.pass_obj
def run(session: Session, name: str, detach: bool) -> int:
    """Run a schedule now and wait for the end; a run that is under way is joined. Ctrl-C stops the waiting only."""
    client = session.client()
    answer = client.run_schedule(name)
    last = answer.run
    if answer.joined and not session.as_json:
        output.note(f"A run is under way already (run {last.id}); this joins it.")
    if not detach:
        look = session.next(f"schedule history {output.command([name])}")
        goes_on = f"Stopped watching; run {last.id} goes on in the background. Look at it: {look}"
        with interrupt.first(lambda: interrupt.say(goes_on)):
            last = _follow(session, last)
    if session.as_json:
        output.document({"name": name, **documents.run(last), "joined": answer.joined})
    elif detach:
        output.line(f"Run {last.id} of {paths.safe_text(name)} is under way.")
    else:
        _show_run(session, name, last)
    return exit_codes.DONE if detach else exit_codes.of_job_state(last.state)


@schedule.command(examples=[Example("schedule enable big", "let it run again")])
@NAME
@click.pass_obj
def enable(session: Session, name: str) -> int:
    """Let a schedule run again. What it missed is not made up for."""
    answer = session.client().enable_schedule(name).schedule
    return _show_changed(session, answer, "{name} is enabled. Next run: {next}.")


@schedule.command(examples=[Example("schedule disable big", "let it rest; it can still be run by hand")])
@NAME
@click.pass_obj
def disable(session: Session, name: str) -> int:
    """Let a schedule rest. It can still be run by hand."""
    return _show_changed(session, session.client().disable_schedule(name).schedule, "{name} is disabled.")


@schedule.command(examples=[Example("schedule remove big", "forget it, and its reports")])
@NAME
@click.pass_obj
def remove(session: Session, name: str) -> int:
    """Forget a schedule with its runs and reports."""
    answer = session.client().remove_schedule(name).schedule
    return _show_changed(session, answer, "Removed {name}, its runs and its reports.")


@schedule.command(examples=[Example("schedule history big", "its runs, newest first")])
@NAME
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Maximum number of rows.")
@click.pass_obj
def history(session: Session, name: str, limit: int) -> int:
    """List the runs of a schedule, newest first."""
    runs = session.client().list_runs(name, limit=limit).runs
    if session.as_json:
        output.document({"name": name, "rows": [documents.run(each) for each in runs]})
    elif runs:
        columns = [output.Column("RUN", right=True), output.Column("STARTED"), output.Column("STATE")]
        columns += [output.Column("DURATION", right=True), output.Column("CAUSE"), output.Column("RESULT")]
        output.table(
            columns,
            [
                [str(each.id), units.moment(each.started_ns), each.state, _lasted(each), each.cause, _result(each)]
                for each in runs
            ],
        )
    else:
        output.line("It has not run yet.")
    return exit_codes.DONE


def _action_words(action: Sequence[str], budget: str) -> tuple[str, str, list[str]]:
    """The action, the query of a report, and the words behind the action."""
    words = [word.removeprefix("\0") for word in action[1:]]
    kind = action[0].removeprefix("\0")
    query = expression.join(words) if kind == "report" else ""
    if kind == "report" and not query.strip():
        raise click.UsageError("A report needs a query, such as: report 'size:>1G'")
    if budget and kind != "verify":
        raise click.UsageError("Only a verification has a budget.")
    if kind == "check" and words:
        raise click.UsageError("A check looks at the whole catalog; it takes no names.")
    return kind, query, words


def _follow(session: Session, run: schedule_pb2.Run) -> schedule_pb2.Run:
    """The run as it ended, with a line on stderr where a person looks at it."""
    shows = output.is_terminal(sys.stderr) and not session.as_json
    if not shows and not session.as_json:
        output.note(f"Run {run.id} is under way.")
    line = progress.OneLine()
    try:
        with interrupt.first(line.wipe):
            for step in session.client().follow_run(run.id):
                run = step
                if shows and run.state == "running":
                    line.show(paths.safe_text(f"Run {run.id} {run.message}"))
    except (DaemonUnavailable, ShuttingDown, CatalogClosed) as error:
        raise DaemonUnavailable(
            f"sanchayd ended while run {run.id} was under way. It happens again when the daemon is started: "
            f"{session.next('daemon start')}"
        ) from error
    finally:
        line.wipe()
    return run


def _show_changed(session: Session, answer: schedule_pb2.Schedule, sentence: str) -> int:
    if session.as_json:
        output.document(documents.schedule(answer))
    else:
        output.line(sentence.format(name=paths.safe_text(answer.name), next=_coming(answer)))
    return exit_codes.DONE


def _show_run(session: Session, name: str, run: schedule_pb2.Run) -> None:
    when = units.moment(run.started_ns)
    result = _result(run)
    output.line(f"Run {run.id}, {when}: {run.state}." + (f" {result}" if result else ""))
    if run.HasField("file"):
        output.line(f"Written to {paths.shown(run.file)}.")
    if run.HasField("counts"):
        output.line(f"Look at it: {session.next(f'report show {output.command([name])}')}")


def _result(run: schedule_pb2.Run) -> str:
    words = []
    if run.HasField("counts"):
        counts = run.counts
        words.append(f"{units.counted(counts.rows, 'file')}, {units.size(counts.bytes)};")
        words.append(
            f"{counts.new:,} new, {counts.grown:,} grown, {counts.gone:,} gone."
            if counts.previous_run
            else "nothing to compare with yet."
        )
    if run.message:
        words.append(paths.safe_text(run.message))
    return " ".join(words)


def _lasted(run: schedule_pb2.Run) -> str:
    return units.duration((run.ended_ns - run.started_ns) / 1e9) if run.ended_ns else ""


def _cells(each: schedule_pb2.Schedule) -> Sequence[str]:
    coming = _coming(each) if each.enabled else "disabled"
    last = each.last_run
    return (
        paths.safe_text(each.name),
        _when(each),
        coming,
        units.moment(last.started_ns) or "never",
        last.state or "-",
        _action(each),
    )


def _when(each: schedule_pb2.Schedule) -> str:
    if each.cron:
        return paths.safe_text(each.cron)
    return f"every {each.every_s} s" if each.every_s < 10 else f"every {units.duration(each.every_s)}"


def _coming(each: schedule_pb2.Schedule) -> str:
    return units.coming(each.next_ns, time.time_ns()) if each.next_ns else "never"


def _action(each: schedule_pb2.Schedule) -> str:
    if each.action == "check":
        return "check the catalog"
    what = each.expression if each.action == "report" else ", ".join(each.root_names) or "every root"
    if each.action == "verify" and each.expression:
        what = f"{what} for {each.expression}"
    return paths.safe_text(f"{each.action} {what}")
