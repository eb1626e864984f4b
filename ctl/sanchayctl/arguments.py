"""Kinds of argument that shells complete: folders, roots, and the names of what the daemon knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sanchay import names
from sanchay.guess import did_you_mean

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Choice(click.Choice):  # type: ignore[type-arg]  # generic in newer versions only
    """One of a few words; any other is refused with what was probably meant."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The word."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            words = [str(choice) for choice in self.choices]
            said = f"{names.quoted(str(value))} is not one of {', '.join(words)}."
            self.fail(said + did_you_mean(str(value), words), param, ctx)


class Share(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions only
    """A part of a whole: a percentage, such as 1% or 0.1%, or a number from 0 to 1."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """From 0 to 1."""
        text = str(value).strip()
        try:
            share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
        except ValueError:
            share = -1
        if not 0 <= share <= 1:
            self.fail(f"{names.quoted(text)} is not a share: write 1% or 0.01.", param, ctx)
        return share


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


def plans(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Numbers of plans."""
    from sanchayctl import completing

    return completing.plans(incomplete)


def runs(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Numbers of runs in the journal."""
    from sanchayctl import completing

    return completing.runs(incomplete)


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
        return [CompletionItem(each) for each in ("scan", "report", "check", "verify") if each.startswith(incomplete)]
    return {"scan": completing.roots, "verify": completing.roots, "report": completing.terms}.get(
        words[0], lambda _: []
    )(incomplete)


def setting_keys(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Keys of config.toml."""
    from click.shell_completion import CompletionItem

    from sanchayctl.setting_keys import KEYS

    return [CompletionItem(key) for key in KEYS if key.startswith(incomplete)]


def setting_values(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The words that the setting named before may be, or files and folders."""
    from click.shell_completion import CompletionItem

    from sanchayctl.setting_keys import KEYS

    key = context.params.get("key") or ""
    if key in ("database_path", "report_folders", "report_hook"):
        return [CompletionItem(incomplete, type="dir" if key == "report_folders" else "file")]
    return [CompletionItem(word) for word in KEYS.get(key, ()) if word.startswith(incomplete)]
