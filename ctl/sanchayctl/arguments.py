"""Kinds of argument that shells complete: folders, roots, and the names of what the daemon knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Folder(click.Path):
    """A folder's path; a file's name is left to the daemon to refuse."""

    def __init__(self) -> None:
        super().__init__(readable=False)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Folders, by the shell itself."""
        from click.shell_completion import CompletionItem

        del ctx, param
        return [CompletionItem(incomplete, type="dir")]


class RootOrFolder(Folder):
    """A root by its name, or a folder's path."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Names of roots, and folders."""
        from sanchayctl import completing

        return [*completing.roots(incomplete), *super().shell_complete(ctx, param, incomplete)]


def schedules(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of schedules."""
    from sanchayctl import completing

    return completing.schedules(incomplete)


def jobs(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Numbers of jobs."""
    from sanchayctl import completing

    return completing.jobs(incomplete)


def terms(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Terms of a query."""
    from sanchayctl import completing

    return completing.terms(incomplete)


def action(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """An action of a schedule, and what it is about: roots of a scan, terms of a report."""
    from click.shell_completion import CompletionItem

    from sanchayctl import completing

    words = context.params.get("action") or ()
    if not words:
        return [CompletionItem(each) for each in ("scan", "report", "check") if each.startswith(incomplete)]
    return {"scan": completing.roots, "report": completing.terms}.get(words[0], lambda _: [])(incomplete)
