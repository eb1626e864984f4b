"""Answers a shell that asks what a command line can go on with: commands and options, names that a running daemon
knows, keys and values of `find`, and folders. It starts no daemon, waits for none for long, and says nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ZshComplete,
    add_completion_class,
    shell_complete,
    split_arg_string,
)

from sanchay import hosts, units
from sanchay.address import places
from sanchay.errors import SanchayError
from sanchay.terms import KEYS, LISTS, VALUES
from sanchayctl.command import PROGRAM, VARIABLE

if TYPE_CHECKING:
    import click

    from sanchay.client import Client

ANSWER_TIMEOUT_S = 1.0
JOBS = 50
_TERM = re.compile(r"(-?)([a-z]+):(.*)", re.DOTALL | re.IGNORECASE)
# What a shell would take for something else in a word without quotes.
_TO_ESCAPE = re.compile(r"([\s'\"\\$`&|;<>()*?\[\]!{}#])")
Answer = TypeVar("Answer")


def answer(cli: click.Command) -> int:
    """Prints the answer to the shell; its exit code."""
    return shell_complete(cli, {}, PROGRAM, VARIABLE, os.environ[VARIABLE])


def roots(incomplete: str) -> list[CompletionItem]:
    """Roots by their names."""
    names = _asked(lambda client: [(root.name, root.path.display) for root in client.list_roots().roots])
    return [CompletionItem(name, help=path) for name, path in names or () if name.startswith(incomplete)]


def schedules(incomplete: str) -> list[CompletionItem]:
    """Schedules by their names."""
    found = _asked(lambda client: [(each.name, each.action) for each in client.list_schedules().schedules])
    return [CompletionItem(name, help=action) for name, action in found or () if name.startswith(incomplete)]


def jobs(incomplete: str) -> list[CompletionItem]:
    """The newest jobs by their numbers."""
    found = _asked(lambda client: client.list_jobs(limit=JOBS).jobs) or ()
    return [
        CompletionItem(str(job.id), help=f"{job.kind} of {', '.join(job.root_names)}, {job.state}")
        for job in found
        if str(job.id).startswith(incomplete)
    ]


def plans(incomplete: str) -> list[CompletionItem]:
    """Plans by their numbers."""
    found = _asked(lambda client: client.list_plans().plans) or ()
    known = [(str(plan.id), f"{plan.action}, {units.counted(plan.files, 'file')}") for plan in found]
    return [CompletionItem(number, help=said) for number, said in known if number.startswith(incomplete)]


def runs(incomplete: str) -> list[CompletionItem]:
    """Runs of the journal by their numbers."""
    found = _asked(lambda client: client.list_journal_runs().runs) or ()
    known = [(str(run.id), f"{run.kind}, {units.moment(run.began_ns)}") for run in found]
    return [CompletionItem(number, help=said) for number, said in known if number.startswith(incomplete)]


def folders(incomplete: str) -> list[str]:
    """Folders below the one that is being typed, each with a slash at its end."""
    above, name = os.path.split(incomplete)
    found = []
    try:
        with os.scandir(os.path.expanduser(above) or ".") as entries:
            for entry in entries:
                if entry.name.startswith(name) and (name.startswith(".") or not entry.name.startswith(".")):
                    found += [os.path.join(above, entry.name, "")] if entry.is_dir() else []
    except (OSError, ValueError):
        return []
    return sorted(found)


def terms(incomplete: str) -> list[CompletionItem]:
    """Keys of a query, and behind a key's colon its values; a dash before it negates a term."""
    match = _TERM.fullmatch(incomplete)
    if match is None:
        sign = "-" if incomplete.startswith("-") else ""
        word = incomplete[len(sign) :].lower()
        return [CompletionItem(f"{sign}{key}:") for key in KEYS if key.startswith(word)]
    key, typed = match[2].lower(), match[3]
    given, comma, last = typed.rpartition(",") if key in LISTS else ("", "", typed)
    start = f"{match[1]}{match[2]}:{given}{comma}"
    return [CompletionItem(start + value) for value in _values(key, last) if value.startswith(last)]


def _values(key: str, typed: str) -> Iterable[str]:
    if key == "under":
        return folders(typed)
    if key == "root":
        return [str(item.value) for item in roots(typed)]
    if key == "ext":
        found = _asked(lambda client: [row.key for row in client.summary("ext").rows]) or []
        return [*found, "none"]
    return VALUES.get(key, ())


def _asked(call: Callable[[Client], Answer]) -> Answer | None:
    """What the running daemon answers; None where none does."""
    try:
        where = places()
        if not hosts.is_locked(where.lock_file):
            return None
        from sanchay.client import Client

        with Client(where, timeout_s=ANSWER_TIMEOUT_S) as client:
            return call(client)
    except (SanchayError, OSError):
        return None


@add_completion_class
class Bash(BashComplete):
    """bash: a word is what stands between blanks, whatever else bash parts words by."""

    source_template = """\
%(complete_func)s() {
    local answer each
    COMPREPLY=()
    answer=$(COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_CWORD="$COMP_CWORD" SANCHAYCTL_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
    while IFS= read -r each; do
        case $each in
            dir,*) compopt -o plusdirs ;;
            file,*) compopt -o default ;;
            plain,*)
                COMPREPLY+=("${each#*,}")
                [[ $each == *[:/] ]] && compopt -o nospace ;;
        esac
    done <<< "$answer"
    return 0
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor, and what is typed of the last."""
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)
        if len(words) < 2 or (line[-1:].isspace() and not line.endswith("\\ ")):
            return words[1:], ""
        return words[1:-1], words[-1]

    def format_completion(self, item: CompletionItem) -> str:
        """The completion, from where bash thinks that the last word begins."""
        value = str(item.value)
        typed = os.environ["COMP_WORDS"].rpartition(" ")[2]
        if item.type == "plain":
            breaks = [mark for mark in ":=" if mark in os.environ.get("SANCHAYCTL_WORDBREAKS", "")]
            begin = max((typed.rfind(mark) for mark in breaks), default=-1) + 1
            value = value[begin:] if value.startswith(typed[:begin]) else value
            if not {"'", '"'} & set(typed):
                value = _TO_ESCAPE.sub(r"\\\1", value)
        return f"{item.type},{value}"


@add_completion_class
class Zsh(ZshComplete):
    """zsh: behind a colon or a slash no blank is put, for a value or a name follows."""

    source_template = ZshComplete.source_template.replace(
        'if [[ "$descr" == "_" ]]; then',
        'if [[ "$key" == *[:/] ]]; then\n                compadd -U -S "" -V unsorted -- "$key"\n'
        '            elif [[ "$descr" == "_" ]]; then',
    )


@add_completion_class
class Fish(FishComplete):
    """fish: a value may hold commas."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')
