"""Files that have rotted, or are suspect, with their healthy copies: repaired, or accepted as they are."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from sanchay.client import Client
from sanchay.v1 import common_pb2, job_pb2, verify_pb2
from sanchay_tray.model import Link
from sanchay_tray.window import shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.parts.rows import Column, Row, Rows
from sanchay_tray.window.parts.text import Card, Label, button, heading, muted, row
from sanchay_tray.words import count, mark, say

FINDINGS_ASKED = 500
CHECKS_ASKED = 5
JOBS_LOOKED_AT = 200
ROWS_SHOWN = 6
KINDS = {"damaged": (mark("rotted"), "bad"), "suspect": (mark("suspect"), "warn")}

#: Repairs that others began are forgotten after so many.
ENDED_KEPT = 16


class Found(NamedTuple):
    """The findings that are open, whether there are more, and the healthy copies of some, by the finding."""

    findings: tuple[verify_pb2.Finding, ...]
    more: bool
    twins: dict[int, tuple[common_pb2.Path, ...]]


class Damage(Card):
    """The card."""

    def __init__(self, desk: Desk) -> None:
        self.title = heading(say("Damage"))
        super().__init__(self.title)
        self._desk = desk
        self._findings: dict[int, verify_pb2.Finding] = {}
        self._twins: dict[int, tuple[common_pb2.Path, ...]] = {}
        self._repairs: dict[int, str] = {}  # the names of files whose repair was begun here, by the job
        self._ended: dict[int, job_pb2.Job] = {}  # repairs that were over before it was known who began them
        columns = (
            Column(say("File"), 50),
            Column(say("State"), 12),
            Column(say("Size"), 10, right=True),
            Column(say("Found"), 20),
        )
        self.rows = Rows(say("Damaged and suspect files"), columns, desk.memory, "health.damage")
        self.rows.picked.connect(lambda _key: self._show_chosen())
        self.none = muted()
        self.more = muted()
        self.text = Label()
        self.twins = Label(tone="good")
        self.repair = button(say("Repair"), self._repair, main=True)
        self.accept = button(say("It is right as it is"), self._accept)
        self._buttons = row(self.repair, self.accept, 1)
        for widget in (self.none, self.rows, self.more, self.text, self.twins, self._buttons):
            self.body.addWidget(widget)
        self._show(Found((), more=False, twins={}))
        self.none.setText("")  # not known yet

    def ask(self) -> None:
        """Asks for what is known to be damaged."""
        self._desk.ask(self, findings, self._show, key="findings")

    def ended(self, job: job_pb2.Job) -> None:
        """A repair has ended: says so where it was begun here."""
        name = self._repairs.pop(job.id, None)
        if name is None:
            self._ended[job.id] = job
            while len(self._ended) > ENDED_KEPT:
                del self._ended[min(self._ended)]
        elif job.repair.repaired:
            self._desk.say_done(say("{name} is repaired", name=name))
        else:
            why = partial(self._desk.go, "jobs", str(job.id))
            self._desk.say_done(say("{name} was left as it is", name=name), say("Why"), why)

    def show_link(self) -> None:
        """The daemon came or went."""
        self._show_chosen()

    def _show(self, found: Found) -> None:
        self._findings = {finding.id: finding for finding in found.findings}
        self._twins = found.twins
        n = len(found.findings)
        self.title.setText(count("Damage: {n} file", "Damage: {n} files", n) if n else say("Damage"))
        self.none.setText(say("No damage is known."))
        self.none.setVisible(not n)
        self.rows.setVisible(bool(n))
        self.rows.show_rows([_row(finding) for finding in found.findings])
        self.rows.fit(ROWS_SHOWN)
        self.more.setVisible(found.more)
        self.more.setText(say("There are more: those found last are listed."))
        self._show_chosen()

    def _chosen(self) -> verify_pb2.Finding | None:
        key = self.rows.key()
        return self._findings.get(key) if isinstance(key, int) else None

    def _show_chosen(self) -> None:
        finding = self._chosen()
        for widget in (self.text, self.twins, self._buttons):
            widget.setVisible(finding is not None)
        if finding is None:
            return
        twins = self._twins.get(finding.id, ())
        if finding.kind == "damaged":
            self.text.setText(say("Its content is not what it was, though nothing says that it was written."))
        else:
            self.text.setText(say("Its content is another, though its size and time are as before."))
        self.twins.setVisible(bool(twins))
        self.twins.setText("\n".join(say("A healthy copy is {path}", path=shown.path(twin)) for twin in twins))
        up = self._desk.state.link is Link.UP
        self.repair.setVisible(finding.kind == "damaged")
        self.repair.setEnabled(up)
        self.accept.setEnabled(up)

    def _repair(self) -> None:
        if (finding := self._chosen()) is None:
            return
        finding_id, name = finding.id, shown.name(finding.path)

        def started(answer: verify_pb2.StartRepairResponse) -> None:
            self._desk.did(f"job {answer.job_id}")
            self._repairs[answer.job_id] = name
            self._desk.say_done(say("{name} is being repaired", name=name))
            if (job := self._ended.pop(answer.job_id, None)) is not None:
                self.ended(job)

        self._desk.ask(self, lambda client: client.start_repair(finding_id), started)

    def _accept(self) -> None:
        if (finding := self._chosen()) is None:
            return
        finding_id, name = finding.id, shown.name(finding.path)

        def accepted(_answer: object) -> None:
            self._desk.say_done(say("{name} counts as it is", name=name))
            self.ask()

        self._desk.ask(self, lambda client: client.accept_finding(finding_id), accepted, timeout_s=600.0)


def findings(client: Client) -> Found:
    """What is open, newest first, with the copies that the last checks named."""
    answer = client.list_findings(limit=FINDINGS_ASKED)
    twins: dict[int, tuple[common_pb2.Path, ...]] = {}
    if any(finding.kind == "damaged" for finding in answer.findings):
        jobs = client.list_jobs(limit=JOBS_LOOKED_AT).jobs
        checks = [job.id for job in jobs if job.kind == "verify" and job.verify.damaged_files][:CHECKS_ASKED]
        for job_id in reversed(checks):
            for damaged in client.get_job(job_id).job.verify.damaged:
                twins[damaged.id] = tuple(damaged.twins)
    return Found(tuple(answer.findings), bool(answer.next_page_token), twins)


def _row(finding: verify_pb2.Finding) -> Row:
    text, tone = KINDS.get(finding.kind, (mark("unknown"), ""))
    cells = (shown.path(finding.path), say(text), shown.size(finding.size), shown.moment(finding.found_ns))
    return Row(finding.id, cells, tone)
