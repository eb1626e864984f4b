"""What a misspelt word was probably meant to be: a command, a value, a setting, the name of a root."""

from __future__ import annotations

from collections.abc import Iterable

#: How alike two words must be, from 0 to 1.
LIKENESS = 0.6
MOST = 3


def alike(word: str, known: Iterable[str]) -> list[str]:
    """The known words that look like it, the likeliest first."""
    from difflib import get_close_matches

    by_folded = {each.casefold(): each for each in known}
    return [by_folded[each] for each in get_close_matches(word.casefold(), by_folded, MOST, LIKENESS)]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean a, or b?`, or nothing. Known words are safe to show, or were made so."""
    found = alike(word, known)
    return f" Did you mean {', or '.join(found)}?" if found else ""
