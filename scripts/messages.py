"""Brings the translations up to date with the code: `make messages`.

With `--check` it changes nothing, and fails where a catalog lacks a text, has one that is not translated, or names a
value that the English text has not.

Texts are those in `say`, `count` and `mark` of `sanchay_tray`, the daemon's sentences, and the reasons of a clean-up.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "tray" / "sanchay_tray"
LOCALE = PACKAGE / "locale"
KEYWORDS = {"say": None, "mark": None, "count": (1, 2)}
WIDTH = 120

HEAD = """\
# Sanchay's icon and window in another language; `make messages` brings it up to date.
msgid ""
msgstr ""
"Project-Id-Version: Sanchay\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""

Text = str | tuple[str, str]


def texts() -> Iterator[tuple[Text, str]]:
    """Every English text (a singular and its plural where it counts), and the file that has it."""
    found = extract_from_dir(PACKAGE, [("**.py", "python")], {"**.py": {}}, KEYWORDS, strip_comment_tags=True)
    for file, _line, text, _comments, _context in found:
        yield (text[0], text[1]) if isinstance(text, tuple) else text, f"tray/sanchay_tray/{file}"
    from sanchay import reasons, sentences

    for template in sentences.TEMPLATES.values():
        yield (template.one, template.many) if template.many else template.one, "proto/sanchay/sentence_table.py"
    for phrase in reasons.PHRASES.values():
        yield phrase, "proto/sanchay/reasons.py"


def template() -> Catalog:
    """The texts as a catalog without translations, without dates and lines: it changes when a text does."""
    made = Catalog(domain="sanchay", project="Sanchay", charset="utf-8", fuzzy=False)
    for text, file in sorted(texts(), key=lambda each: (each[1], each[0] if isinstance(each[0], str) else each[0][0])):
        made.add(text, locations=[(file, 0)])
    return made


def values(text: str) -> set[str]:
    """The names of the values in a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def faults(catalog: Catalog, wanted: Catalog) -> Iterator[str]:
    """What is wrong with a catalog."""
    for message in wanted:
        if not message.id:
            continue
        found = catalog.get(message.id)
        if found is None:
            yield f"lacks {message.id!r}"
        elif not all(strings(found)) or found.fuzzy:
            yield f"does not translate {message.id!r}"
        else:
            yield from misfilled(found)
    yield from (
        f"has {message.id!r}, which the code has not" for message in catalog if message.id and message.id not in wanted
    )


def misfilled(message: Message) -> Iterator[str]:
    """Whether a translation has other values than its English text; a plural's forms may leave out the number."""
    known = [values(text) for text in ids(message)]
    due = set.intersection(*known) - {"n"}
    for text in strings(message):
        if not due <= values(text) <= set.union(*known):
            yield f"has the values {sorted(values(text))} in {text!r}, not {sorted(due)}"


def ids(message: Message) -> Iterable[str]:
    """The English of a message: one text, or a singular and a plural."""
    return message.id if isinstance(message.id, (tuple, list)) else (message.id,)


def strings(message: Message) -> Iterable[str]:
    """Its translations: one, or one for each plural form."""
    found = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return [each or "" for each in found]


def read(path: Path) -> Catalog:
    """A language's catalog."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parents[1].name)


def write(path: Path, catalog: Catalog, language: str) -> None:
    """Writes a catalog under a head that names no day and no person: it changes when a text does."""
    head = HEAD.format(language=language, plurals=catalog.plural_forms.rstrip(";") + ";")
    body = io.BytesIO()
    write_po(body, catalog, width=WIDTH, include_lineno=False, omit_header=True)
    path.write_text(head + body.getvalue().decode("utf-8").lstrip("\n"), "utf-8")


def main(arguments: list[str]) -> int:
    """Updates or checks every catalog."""
    wanted, code = template(), 0
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/sanchay.po")):
        language = path.parents[1].name
        catalog = read(path)
        if "--check" not in arguments:
            catalog.update(wanted, no_fuzzy_matching=True, update_header_comment=False)
            catalog.obsolete.clear()
            write(path, catalog, language)
        for fault in faults(catalog, wanted):
            print(f"{path.relative_to(REPOSITORY)} {fault}")
            code = 1
    if code:
        print("Run make messages, and translate what is empty.")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
