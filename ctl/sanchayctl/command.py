"""The kinds of command that all of ours are: with `--json` and `--no-start` in either place, examples in the help, and
imported only when they are asked for."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import click
from click.formatting import wrap_text

from sanchay import names
from sanchay.guess import alike
from sanchayctl.help import Context
from sanchayctl.session import Session

PROGRAM = "sanchayctl"
#: By this variable a shell asks what a command line can go on with.
VARIABLE = "_SANCHAYCTL_COMPLETE"


class Example(NamedTuple):
    """A line of the help: what to type after `sanchayctl`, and what for."""

    arguments: str
    purpose: str


def _set_json(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Session).as_json = True


def _set_no_start(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Session).may_start = False


def global_options() -> list[click.Parameter]:
    """The options that every command takes, before or after its name."""
    return [
        click.Option(
            ["--json"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_set_json,
            help="Print one JSON document instead of text.",
        ),
        click.Option(
            ["--no-start"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_set_no_start,
            help="Fail instead of starting a daemon where none is running.",
        ),
    ]


class Command(click.Command):
    """A command with examples. `values` are shown as they are typed, one a line."""

    context_class = Context

    def __init__(self, *args: Any, examples: Sequence[Example] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.params.extend(global_options())

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples at the end of the help."""
        write_examples(formatter, self.examples)
        super().format_epilog(context, formatter)


class Group(click.Group):
    """A noun with verbs."""

    command_class = Command
    context_class = Context

    def __init__(self, *args: Any, examples: Sequence[Example] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.params.extend(global_options())

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the verb. One that is not there is refused with what was probably meant."""
        name = args[0]
        if not name.startswith("-") and self.get_command(context, name) is None and not context.resilient_parsing:
            raise click.UsageError(f"There is no command {names.quoted(name)}.{self.meant(context, name)}", context)
        return super().resolve_command(context, args)

    def meant(self, context: click.Context, name: str) -> str:
        """A sentence with the commands that look like it, or that have it as their verb; or nothing."""
        above = context.command_path.partition(" ")[2]
        known = self.list_commands(context)
        found = [f"{above} {each}".strip() for each in alike(name, known)]
        if not found and above and name == "list":
            top = cast("click.Group", context.find_root().command)
            found = [f"{above}s"] if top.get_command(context, f"{above}s") else []
        if not found and not above:
            groups = ((noun, self.get_command(context, noun)) for noun in known)
            found = [
                f"{noun} {name}"
                for noun, group in groups
                if isinstance(group, click.Group) and name in group.list_commands(context)
            ]
        return f" Did you mean {', or '.join(f'sanchayctl {each}' for each in found)}?" if found else ""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Parses; a noun without a verb is a question for the help."""
        if not args and not context.resilient_parsing:
            click.echo(context.get_help(), color=context.color)
            context.exit()
        return super().parse_args(context, args)

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples at the end of the help."""
        write_examples(formatter, self.examples)
        super().format_epilog(context, formatter)


class LazyGroup(Group):
    """A group whose commands are named as `module:attribute` and imported when they are asked for."""

    def __init__(self, *args: Any, lazy: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy

    def list_commands(self, context: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        """The names, in the order of the table."""
        return list(self.lazy)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """Imports the command."""
        if name not in self.lazy:
            return None
        module, attribute = self.lazy[name].split(":")
        return cast("click.Command", getattr(importlib.import_module(module), attribute))


def write_examples(formatter: click.HelpFormatter, examples: Sequence[Example]) -> None:
    """The part of the help that shows what to type."""
    if not examples:
        return
    with formatter.section("Examples"):
        for example in examples:
            formatter.write(f"{'':{formatter.current_indent}}sanchayctl {example.arguments}\n")
            indent = " " * (formatter.current_indent + 4)
            formatter.write(wrap_text(example.purpose, formatter.width, indent, indent) + "\n")
