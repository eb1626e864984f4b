"""The top command: what there is, and the options that hold for all of it."""

from __future__ import annotations

import click

from sanchay import __version__
from sanchayctl.command import Example, LazyGroup

COMMANDS = {
    "status": "sanchayctl.commands.status:status",
    "daemon": "sanchayctl.commands.daemon:daemon",
    "pause": "sanchayctl.commands.background:pause",
    "resume": "sanchayctl.commands.background:resume",
    "service": "sanchayctl.commands.service:service",
    "root": "sanchayctl.commands.root:root",
    "scan": "sanchayctl.commands.scan:scan",
    "schedule": "sanchayctl.commands.schedule:schedule",
    "report": "sanchayctl.commands.report:report",
    "events": "sanchayctl.commands.events:events",
    "jobs": "sanchayctl.commands.job:jobs",
    "job": "sanchayctl.commands.job:job",
    "duplicates": "sanchayctl.commands.duplicates:duplicates",
    "dedupe": "sanchayctl.commands.dedupe:dedupe",
    "verify": "sanchayctl.commands.verify:verify",
    "damage": "sanchayctl.commands.damage:damage",
    "find": "sanchayctl.commands.find:find",
    "have": "sanchayctl.commands.have:have",
    "summary": "sanchayctl.commands.summary:summary",
    "changes": "sanchayctl.commands.changes:changes",
    "growth": "sanchayctl.commands.growth:growth",
    "du": "sanchayctl.commands.du:du",
    "export": "sanchayctl.commands.export:export",
    "catalog": "sanchayctl.commands.catalog:catalog",
    "config": "sanchayctl.commands.config:config",
    "completion": "sanchayctl.commands.completion:completion",
    "man": "sanchayctl.commands.man:man",
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
    examples=[
        Example("scan ~/Pictures", "catalog a folder, and keep it in the catalog"),
        Example("duplicates", "what is there more than once, and what clearing it would free"),
        Example("find 'size:>1G' --sort -size", "the largest files"),
        Example("--json status", "any answer as one JSON document"),
    ],
)
@click.version_option(__version__, message="sanchayctl %(version)s")
def cli() -> None:
    """Sanchay keeps a living catalog of your files: what is where, what is large, what is there twice.

    A daemon, sanchayd, does the work and keeps running; this program asks it, and starts it when it is needed. Only
    `dedupe run` and `dedupe undo` change files: those of a plan that you looked at, and what it did can be taken back.
    """
