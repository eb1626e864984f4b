"""Sentences for people: each has its code in one table, with the values that it is said with, on both sides."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchay import sentences
from sanchay.sentences import ENGINE, LISTS, TEMPLATES, Sentence, Template, fields, fill, render
from sanchayd.rpc.convert import common

REPOSITORY = Path(__file__).parents[2]
#: Methods that take text without a code: an error's, the engine's, or what was stored by an older daemon.
UNCODED = {"plain", "of_engine", "of_document"}


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call in the daemon, with its place."""
    for file in sorted((REPOSITORY / "daemon" / "sanchayd").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield f"{file.relative_to(REPOSITORY)}:{node.lineno}", node


def literal(call: ast.Call) -> str:
    """A code is written where it is said, so that it can be found."""
    code = ast.literal_eval(call.args[0])
    assert isinstance(code, str)
    return code


def is_sentence(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "Sentence"


def raw(text: str) -> str:
    """A template with a sample of each value, as the engine writes it."""
    return fill(text, {name: sample(name) for name in fields(Template(text))}, lambda _, value: value)


def sample(name: str) -> str:
    return "3" if re.search("_(count|s|ns|bytes)$", name) else f"<{name}>"


def test_the_daemon_says_the_codes_of_the_table_with_exactly_their_values() -> None:
    said: set[str] = set()
    for place, call in calls():
        if is_sentence(call.func):
            code = literal(call)
            assert code in TEMPLATES, f"{place}: {code}"
            assert {keyword.arg for keyword in call.keywords} == fields(TEMPLATES[code]), f"{place}: {code}"
            said.add(code)
        elif isinstance(call.func, ast.Attribute) and is_sentence(call.func.value) and call.func.attr == "together":
            assert literal(call) in LISTS, place
    assert said | {*ENGINE} == TEMPLATES.keys()  # of the engine's the daemon says some itself


def test_no_sentence_is_made_outside_of_the_table() -> None:
    taken = [
        (place, call.args[0])
        for place, call in calls()
        if isinstance(call.func, ast.Attribute) and is_sentence(call.func.value) and call.func.attr in UNCODED
    ]
    assert taken
    assert [place for place, text in taken if isinstance(text, ast.Constant | ast.JoinedStr | ast.BinOp)] == []


def test_what_the_engine_says_stands_in_its_source() -> None:
    sources = (file.read_text("utf-8") for file in sorted((REPOSITORY / "engine" / "crates").rglob("src/**/*.rs")))
    engine = re.sub(r"\\\n\s*", "", "\n".join(sources))
    engine += engine.replace("{verb}", "is") + engine.replace("{verb}", "are")  # of one or several
    for code in ENGINE:
        pieces = [piece for piece in re.split(r"\{\w+\}", TEMPLATES[code].many or TEMPLATES[code].one) if piece.strip()]
        assert pieces
        assert [piece for piece in pieces if piece.strip(" ()") not in engine] == [], code


@pytest.mark.parametrize("code", ENGINE)
def test_what_the_engine_says_is_known_again(code: str) -> None:
    text = raw(TEMPLATES[code].many or TEMPLATES[code].one)
    found = Sentence.of_engine(text)
    assert (found, found.code) == (text, code)
    assert found.values == {name: sample(name) for name in fields(TEMPLATES[code])}


def test_other_words_of_the_engine_stay_words() -> None:
    found = Sentence.of_engine("the moon is in the way")
    assert (found, found.code, found.values) == ("the moon is in the way", "", {})


@pytest.mark.parametrize("code", TEMPLATES)
def test_plurals_have_the_same_values_and_count_one_of_them(code: str) -> None:
    template = TEMPLATES[code]
    assert bool(template.many) == bool(template.counted)
    if template.many:
        assert template.counted in fields(Template(template.many))
        assert fields(Template(template.one)) | {template.counted} == fields(Template(template.many))


def test_a_sentence_with_other_values_cannot_be_made() -> None:
    with pytest.raises(KeyError, match="root-inside says"):
        Sentence("root-inside", root="films")
    with pytest.raises(KeyError, match="no-such-code"):
        Sentence("no-such-code")


def test_sizes_times_and_numbers_are_rendered_by_the_one_who_shows_them() -> None:
    values = {"a_bytes": "1536", "a_s": "200", "a_count": "12345", "a": "12345"}
    assert fill("{a_bytes} {a_s} {a_count} {a} {gone}", values) == "1.5K 3 min 20 s 12,345 12345 "
    assert fill("{a_count}", values, lambda _, value: f"<{value}>") == "<12345>"


def test_a_client_says_it_in_another_language() -> None:
    inner = Sentence.of_engine("/films and 2 more could not be read; what was known of them is kept")
    said = Sentence.together("and-also", [Sentence("of-root", root="films", reason=inner), Sentence("root", root="b")])
    assert said == f"films: {inner}; b"

    def shouted(template: Template, number: int) -> str:
        return (
            sentences.english(template, number)
            .upper()
            .replace("{PATH}", "{path}")
            .replace("{MORE_COUNT}", "{more_count}")
            .replace("{ROOT}", "{root}")
            .replace("{REASON}", "{reason}")
        )

    words = common.words(said)
    assert render(words, "unused") == said
    assert render(words, "unused", shouted) == (
        "films: /films AND 2 MORE COULD NOT BE READ; WHAT WAS KNOWN OF THEM IS KEPT; b"
    )
    words.code = "of-a-newer-daemon"
    assert render(words, "its English") == "its English"


def test_it_is_the_same_again_when_it_was_stored() -> None:
    inner = Sentence("scan-under-way")
    said = Sentence.together(
        "in-a-row", [Sentence("of-root", root="films", reason=inner), Sentence.plain("It failed.")]
    )
    again = Sentence.of_document(said, said.document())
    assert (again, again.document(), common.words(again)) == (said, said.document(), common.words(said))
    older = Sentence.of_document("It failed.", None)
    assert (older, older.code, older.document()) == ("It failed.", "", None)
