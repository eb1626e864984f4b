"""`sanchayctl report`: what the runs of schedules found, and how it changed."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import click

from sanchay import documents, paths, units
from sanchay.errors import InternalError
from sanchayctl import arguments, exit_codes, output
from sanchayctl.arguments import Choice
from sanchayctl.command import Example, Group
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import report_pb2, schedule_pb2

PARTS = ("rows", "new", "grown", "gone")
CSV_COLUMNS = ("part", "path", "size", "size_before", "allocated", "modified", "type", "hash")


@click.group(
    cls=Group,
    examples=[
        Example("report show big", "the newest report of the schedule big"),
        Example("report show big --diff", "only what is new, grown and gone"),
    ],
)
def report() -> None:
    """Look at the reports of schedules. `sanchayctl schedule add` makes them."""


@report.command(name="list", examples=[Example("report list", "every schedule that reports, with its newest report")])
@click.pass_obj
def list_(session: Session) -> int:
    """List the schedules that report."""
    reports = session.client().list_reports().reports
    if session.as_json:
        output.document({"rows": [documents.report_info(each) for each in reports]})
    elif reports:
        columns = [output.Column("NAME"), output.Column("RUN", right=True), output.Column("AT")]
        columns += [output.Column(title, right=True) for title in ("FILES", "SIZE", "NEW", "GROWN", "GONE")]
        output.table([*columns, output.Column("QUERY")], [_cells(each) for each in reports])
    else:
        output.line(
            f"No schedule reports yet. Add one with: {session.next('schedule add')} NAME --every 1d report EXPR"
        )
    return exit_codes.DONE


@report.command(
    examples=[
        Example("report show big", "the newest report"),
        Example("report show big --diff", "what is new, grown and gone since the run before"),
        Example("report show big --run 7 --format csv", "one run's, for a spreadsheet"),
    ]
)
@click.argument("name", metavar="NAME", shell_complete=arguments.schedules)
@click.option("--run", "run_id", type=click.IntRange(min=1), metavar="N", help="The run, as in `schedule history`.")
@click.option("--diff", is_flag=True, help="Only what is new, grown and gone since the previous run.")
@click.option(
    "--format",
    "file_format",
    type=Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How it is printed.",
)
@click.pass_obj
def show(session: Session, name: str, run_id: int | None, diff: bool, file_format: str) -> int:
    """Show the newest report of a schedule, or that of one run."""
    parts: dict[str, list[report_pb2.ReportRow]] = {part: [] for part in PARTS}
    run: schedule_pb2.Run | None = None
    for piece in session.client().get_report(name, run_id or 0):
        run = piece.run if run is None else run
        for part in PARTS:
            parts[part] += getattr(piece, part)
    if run is None:  # the first piece has it
        raise InternalError("sanchayd gave no run with the report.")
    if session.as_json or file_format == "json":
        output.document(_document(name, run, parts, diff=diff))
    elif file_format == "csv":
        _show_csv({part: rows for part, rows in parts.items() if part != "rows" or not diff})
    else:
        _show_table(name, run, parts, diff=diff)
    return exit_codes.DONE


def _document(
    name: str, run: schedule_pb2.Run, parts: dict[str, list[report_pb2.ReportRow]], *, diff: bool
) -> documents.Document:
    """The report; with `diff` its rows are those that differ, each with what became of it."""
    lists = {part: [documents.report_row(row) for row in rows] for part, rows in parts.items()}
    if diff:
        lists["rows"] = [{"change": part, **row} for part in PARTS[1:] for row in lists[part]]
    return documents.report(name, run) | lists


def _show_table(name: str, run: schedule_pb2.Run, parts: dict[str, list[report_pb2.ReportRow]], *, diff: bool) -> None:
    about = f" {paths.safe_text(run.message)}" if run.message else ""
    output.line(f"{paths.safe_text(name)}, run {run.id}, {units.moment(run.started_ns)}, {run.state}.{about}")
    for part, title in (("rows", "Files"), ("new", "New"), ("grown", "Grown"), ("gone", "Gone")):
        rows = parts[part]
        if part == "rows" and diff:
            continue
        output.line()
        output.line(output.bold(f"{title}: {units.count(len(rows))}"))
        if rows:
            columns = [output.Column("SIZE", right=True), output.Column("MODIFIED"), output.Column("PATH")]
            output.table(columns, [(_size(row), units.moment(row.modified_ns), paths.shown(row.path)) for row in rows])
    if not run.counts.previous_run:
        output.line()
        output.line("This is the first report: there is nothing to compare it with yet.")


def _show_csv(parts: dict[str, list[report_pb2.ReportRow]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for part, rows in parts.items():
        for row in rows:
            before = row.size_before if row.HasField("size_before") else ""
            modified = documents.moment(row.modified_ns)
            path = row.path.raw.decode("utf-8", "surrogateescape")
            writer.writerow((part, path, row.size, before, row.allocated, modified, row.type, row.hash))
    click.echo(text.getvalue().encode("utf-8", "surrogateescape"), nl=False)


def _size(row: report_pb2.ReportRow) -> str:
    before = f"{units.size(row.size_before)} → " if row.HasField("size_before") else ""
    return before + units.size(row.size)


def _cells(each: report_pb2.ReportInfo) -> list[str]:
    counts = each.run.counts
    found = [units.count(counts.rows), units.size(counts.bytes)]
    found += [units.count(number) for number in (counts.new, counts.grown, counts.gone)]
    known = [str(each.run.id), units.moment(each.run.started_ns), *found] if each.HasField("run") else ["-"] * 7
    return [paths.safe_text(each.schedule.name), *known, paths.safe_text(each.schedule.expression)]
