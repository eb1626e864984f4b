"""`sanchayctl completion`: the script that makes a shell complete commands, options, names and terms."""

from __future__ import annotations

import click

from sanchayctl import exit_codes, output
from sanchayctl.arguments import Choice
from sanchayctl.command import PROGRAM, VARIABLE, Command, Example
from sanchayctl.session import Session


@click.command(
    cls=Command,
    examples=[
        Example("completion bash >> ~/.bashrc", "for bash 4.4 or newer"),
        Example("completion zsh >> ~/.zshrc", "for zsh, after compinit"),
        Example("completion fish > ~/.config/fish/completions/sanchayctl.fish", "for fish"),
    ],
)
@click.argument("shell", type=Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the completion script for SHELL."""
    from click.shell_completion import get_completion_class

    from sanchayctl import completing  # registers what differs from click's own

    del completing

    kind = get_completion_class(shell)
    if kind is None:  # click has all three
        raise click.UsageError(f"This version of click knows no completion for {shell}.")
    # The version check of click's own source() is left out: it starts bash, and the script may be for another machine.
    maker = kind(context.find_root().command, {}, PROGRAM, VARIABLE)
    script = maker.source_template % maker.source_vars()
    if context.ensure_object(Session).as_json:
        output.document({"shell": shell, "script": script})
    else:
        output.line(script)
    return exit_codes.DONE
