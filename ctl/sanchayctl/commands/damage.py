"""`sanchayctl damage`: files that were found damaged or suspect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sanchay import paths, units, verify_documents
from sanchayctl import acts, exit_codes, output
from sanchayctl.command import Example, Group
from sanchayctl.following import follow
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import verify_pb2


@click.group(
    cls=Group,
    examples=[
        Example("damage list", "what was found and not dealt with yet"),
        Example("damage repair 3", "put a copy of a healthy twin in the place of file 3"),
        Example("damage accept 3", "file 3 is right as it is"),
    ],
)
def damage() -> None:
    """Show files that were found damaged or suspect, and say what becomes of them.

    A damaged file has another content than it was cataloged with, though its size and times are as they were. A suspect
    one has other content and the old size and time of change, but something touched it since.
    """


@damage.command(
    name="list",
    examples=[
        Example("damage list", "what was found and not dealt with yet"),
        Example("damage list --all", "what was accepted or repaired, too"),
    ],
)
@click.option("--all", "with_closed", is_flag=True, help="Those that were accepted or repaired, too.")
@click.pass_obj
def list_(session: Session, with_closed: bool) -> int:
    """List damaged and suspect files, the newest finding first."""
    findings = _findings(session, with_closed)
    if session.as_json:
        output.document({"rows": [verify_documents.finding(finding) for finding in findings]})
    elif findings:
        titles = ("ID", "KIND", "STATE", "FOUND", "SIZE", "PATH")
        columns = [output.Column(title, right=title in ("ID", "SIZE")) for title in titles]
        output.table(columns, [_row(finding) for finding in findings], titles=output.for_people())
        if output.for_people() and any(finding.state == "open" for finding in findings):
            repair, accept = session.next("damage repair ID"), session.next("damage accept ID")
            output.line(f"Replace one by a copy of a healthy twin: {repair} · say that it is right: {accept}")
    else:
        words = "No file was ever found damaged or suspect." if with_closed else "No damage is known."
        (output.line if output.for_people() else output.note)(f"{words} Look for it with: {session.next('verify')}")
    return exit_codes.DONE


@damage.command(examples=[Example("damage accept 3", "take the content of file 3 for what it should be")])
@click.argument("finding_id", metavar="ID", type=click.IntRange(min=1))
@click.pass_obj
def accept(session: Session, finding_id: int) -> int:
    """Say that a file is right as it is.

    The catalog takes the content that was found, where the file still has it; the file is read for that.
    """
    finding = session.client().accept_finding(finding_id).finding
    if session.as_json:
        output.document(verify_documents.finding(finding))
    else:
        output.line(f"Accepted {paths.shown(finding.path)} as it is.")
    return exit_codes.DONE


@damage.command(examples=[Example("damage repair 3", "put a copy of a healthy twin in the place of file 3")])
@click.argument("finding_id", metavar="ID", type=click.IntRange(min=1))
@click.pass_obj
def repair(session: Session, finding_id: int) -> int:
    """Replace a damaged file by a copy of a healthy twin.

    The twin is read whole and must have the content that the file should have; the copy is read back from the disk. The
    damaged file goes to the trash, and `dedupe undo` takes the repair back. Exit 3 where the file was left as it is,
    with the reason.
    """
    client = session.client()
    job_id = client.start_repair(finding_id).job_id
    (ended,) = follow(session, [job_id], again=f"damage repair {finding_id}")
    if session.as_json:
        act = next(client.iter_acts(ended.repair.run), None) if ended.repair.run else None
        output.document(verify_documents.repair(ended, act))
    else:
        acts.show_repair(session, ended)
    return exit_codes.of_job_state(ended.state)


def _findings(session: Session, with_closed: bool) -> list[verify_pb2.Finding]:
    """All pages."""
    client, token = session.client(), ""
    findings: list[verify_pb2.Finding] = []
    while True:
        page = client.list_findings(with_closed=with_closed, page_token=token)
        findings.extend(page.findings)
        token = page.next_page_token
        if not token:
            return findings


def _row(finding: verify_pb2.Finding) -> list[str]:
    moment = units.moment(finding.found_ns)
    return [str(finding.id), finding.kind, finding.state, moment, units.size(finding.size), paths.shown(finding.path)]
