"""Names in the environment and in `.env` that look like settings and are none: they are told, or a slip goes unseen."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from sanchay.address import HOME_VARIABLE
from sanchay.names import shown_path
from sanchay.sentences import Sentence

PREFIX = "SANCHAY"
CLOSE = 0.8
# What a report's hook is given, and hands on to what it starts.
OF_HOOKS = frozenset({"SANCHAY_SCHEDULE", "SANCHAY_RUN", "SANCHAY_FILE", "SANCHAY_STATE"})


def in_environment(environ: Mapping[str, str], known: Collection[str], elsewhere: Collection[str]) -> list[Sentence]:
    """A sentence on each variable that is none of `known`. `elsewhere`: settings that are no variables."""
    ignored = [name for name in sorted(environ) if name.startswith(f"{PREFIX}_") and name not in OF_HOOKS]
    names = {*known, HOME_VARIABLE}
    return [
        _why(Sentence("in-the-environment", name=name), name, names, elsewhere) for name in ignored if name not in names
    ]


def in_dotenv(
    file: Path, text: str, found: Mapping[str, str | None], known: Collection[str], elsewhere: Collection[str]
) -> list[Sentence]:
    """The same of `.env`, by its lines. Another program's names in it are that program's."""
    said = []
    for name, value in found.items():
        place = Sentence("in-dotenv", file=shown_path(file), line=_line_of(text, name), name=name)
        if name in known:
            if value is None:
                said.append(Sentence("variable-without-value", variable=place, name=name))
        elif name == HOME_VARIABLE:
            said.append(Sentence("variable-of-environment", variable=place))
        elif name.upper().startswith(PREFIX) or _close(name, known, CLOSE):
            said.append(_why(place, name, known, elsewhere))
    return said


def suggestion(name: str, known: Collection[str], cutoff: float = 0.6) -> str:
    """`; did you mean NAME?`, or nothing where none is close."""
    close = _close(name, known, cutoff)
    return f"; did you mean {close[0]}?" if close else ""


def _close(name: str, known: Collection[str], cutoff: float) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, known, 1, cutoff)


def _why(variable: Sentence, name: str, known: Collection[str], elsewhere: Collection[str]) -> Sentence:
    key = name.upper().removeprefix(f"{PREFIX}_").lower()
    if key in elsewhere:
        return Sentence("variable-of-config", variable=variable, key=key)
    close = _close(name.upper(), known, CLOSE)
    if close:
        return Sentence("no-such-variable-but", variable=variable, meant=close[0])
    return Sentence("no-such-variable", variable=variable)


def _line_of(text: str, name: str) -> int:
    pattern = re.compile(rf"""\s*(export\s+)?['"]?{re.escape(name)}['"]?\s*(=|#|$)""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)
