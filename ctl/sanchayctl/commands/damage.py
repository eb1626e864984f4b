"""`sanchayctl damage`: files that verifications found damaged or suspect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sanchay import paths, units, verify_documents
from sanchayctl import exit_codes, output
from sanchayctl.command import Example, Group
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import verify_pb2


@click.group(
    cls=Group,
    examples=[
        Example("damage list", "what was found and not dealt with yet"),
        Example("damage accept 3", "the file is right as it is"),
    ],
)
def damage() -> None:
    """Show damaged and suspect files that `verify` found, and say what becomes of them.

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
