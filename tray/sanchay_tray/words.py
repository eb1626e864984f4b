"""What icon and window say, in the language of the person who reads it.

English sentences stand in the code: `say("{name} is not there", name=...)`, `count("{n} copy", "{n} copies", number)`;
the catalogs in `locale` have them in other languages, by gettext. A text that is named before its language is known
goes through `mark`. Values are filled in after translation; a number `n` is shown as the language writes it.
"""

from __future__ import annotations

import gettext
import locale
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from sanchay import sentences

DOMAIN = "sanchay"
FOLDER = Path(__file__).parent / "locale"
#: By these, in this order, a person says what they read.
VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


class _Speech:
    """The language that is spoken: one for the whole process."""

    translation: gettext.NullTranslations = gettext.NullTranslations()
    language = "en"
    number: Callable[[int], str] = staticmethod(lambda number: f"{number:,}")


def languages() -> list[str]:
    """The languages that there are, by their codes: English, and each that has a catalog."""
    return ["en", *sorted(folder.name for folder in FOLDER.glob("*") if (folder / "LC_MESSAGES").is_dir())]


def preferred() -> list[str]:
    """The languages that the system says its person reads, the best first."""
    found: list[str] = []
    for variable in VARIABLES:
        for value in os.environ.get(variable, "").split(":"):
            code = value.partition(".")[0].partition("@")[0]
            if code and code not in ("C", "POSIX"):
                found += [code, code.partition("_")[0]]
    if not found and sys.platform in ("win32", "darwin"):
        code = locale.getlocale()[0] or ""
        found += [code, code.partition("_")[0]]
    return found


def speak(language: str = "") -> str:
    """Takes up a language by its code, or the system's; gives the one that is spoken now."""
    wanted = [language] if language else preferred()
    known = languages()
    chosen = next((code for code in wanted if code in known), "en")
    _Speech.language = chosen
    # Without its compiled catalog a language is English: an installation that was only unpacked still speaks.
    _Speech.translation = gettext.translation(DOMAIN, FOLDER, [chosen], fallback=True)
    return chosen


def translate_by(translation: gettext.NullTranslations) -> None:
    """Has texts translated by another translation than a catalog's, such as one that a test makes."""
    _Speech.translation = translation


def spoken() -> str:
    """The code of the language that is spoken now."""
    return _Speech.language


def write_numbers_by(number: Callable[[int], str]) -> None:
    """Has whole numbers written by a function of the toolkit, which knows the language's digits and groups."""
    _Speech.number = staticmethod(number)


def number(value: int) -> str:
    """A whole number as the language writes it."""
    return _Speech.number(value)


def mark(text: str) -> str:
    """The same text: one that is translated where it is shown."""
    return text


def say(text: str, **values: object) -> str:
    """A text in the language that is spoken, with its values."""
    return _filled(_Speech.translation.gettext(text), text, values)


def count(one: str, many: str, n: int, **values: object) -> str:
    """A text that counts `n`, in the form that the language has for so many."""
    return _filled(_Speech.translation.ngettext(one, many, n), one if n == 1 else many, {"n": n, **values})


#: The system's own words, where the sentence has just said the same: that nothing is there, or may not be read.
_SAID_TWICE = re.compile(r" \([^()]+ \(os error (?:2|3|13|20)\)\)")
_NUMBER_OF_ERROR = re.compile(r" \(os error \d+\)")


def sentence(text: str, words: sentences.Words, show: Callable[[str, str], str] = sentences.shown) -> str:
    """A sentence of the daemon's: `text`, its English, or the same from its words in the language that is spoken."""

    def translated(template: sentences.Template, n: int) -> str:
        if template.many:
            return _Speech.translation.ngettext(template.one, template.many, n)
        return _Speech.translation.gettext(template.one)

    said = sentences.render(words, text, translated, show)
    return _NUMBER_OF_ERROR.sub("", _SAID_TWICE.sub("", said))


def _filled(translated: str, english: str, values: dict[str, object]) -> str:
    if not values:
        return translated
    shown = {
        name: number(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in values.items()
    }
    try:
        return translated.format_map(shown)
    except (KeyError, IndexError, ValueError):  # a catalog that names another value: a bad translation hides no fact
        return english.format_map(shown)
