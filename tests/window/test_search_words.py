"""What the line makes of an expression, without a display: terms, completions, what is marked."""

from __future__ import annotations

import pytest

from sanchay import terms
from sanchay_tray.window.pages.search.completing import folder_asked, offer
from sanchay_tray.window.pages.search.head import HEAD_BYTES, as_text
from sanchay_tray.window.pages.search.hits import pieces
from sanchay_tray.window.pages.search.widening import in_paths


def test_terms_stand_where_they_are_typed() -> None:
    found = terms.split(' beach  -ext:jpg name:"a b" "x y"z size:>1')
    assert [(each.sign, each.key, each.text) for each in found] == [
        ("", "", "beach"),
        ("-", "ext", "jpg"),
        ("", "name", "a b"),
        ("", "", "x y"),
        ("", "", "z"),
        ("", "size", ">1"),
    ]
    assert (found[1].begin, found[1].value_begin, found[1].end) == (8, 13, 16)


@pytest.mark.parametrize("expression", ["", " ", '"', '-"', "-", "a:", ":", '"a\\', "\n\t", "\U0001d54f:x"])
def test_any_text_is_split(expression: str) -> None:
    found = terms.split(expression)
    assert "".join(expression[each.begin : each.end] for each in found) == "".join(expression.split())


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        ("ex", ("ext:",)),
        ("-ty", ("type:",)),
        ("beach mod", ("modified:",)),
        ("type:vi", ("video",)),
        ("type:image,vi", ("video",)),
        ("root:my", ('"my root"',)),
        ("beach", ()),
        ("", ()),
        ("size:1G..", ()),
    ],
)
def test_completions_fit_what_is_typed(typed: str, texts: tuple[str, ...]) -> None:
    assert offer(typed, len(typed), {"root": ["my root", "other"]}).texts == texts


def test_the_folder_above_is_asked_for_under() -> None:
    assert folder_asked("under:/a/b", 10) == "/a"
    assert folder_asked("under:/a", 8) == "/"
    assert folder_asked("under:a", 7) is None
    assert folder_asked("name:/a/b", 9) is None


def test_what_was_sought_is_marked_wherever_it_stands() -> None:
    assert terms.sought('beach -no name:IMG_*.jpg "a b" type:image /a/b') == ["beach", "IMG_", ".jpg", "a b"]
    marked = pieces("Beach on the beach", ["BEACH"])
    assert [piece.text for piece in marked if piece.is_marked] == ["Beach", "beach"]
    assert "".join(piece.text for piece in pieces("İ beach ß", ["beach"])) == "İ beach ß"
    assert pieces("song", ["beach"]) == ()


def test_text_is_shown_and_anything_else_is_not() -> None:
    assert as_text("naïve\n".encode()) == "naïve\n"
    assert as_text("x".encode("utf-16")) == "x"
    assert as_text(b"\x00\x01\x02") == ""
    assert as_text(b"\xff\xd8\xff\xe0") == ""
    assert as_text(b"a" * (HEAD_BYTES - 1) + "é".encode()[:1]) == "a" * (HEAD_BYTES - 1)
    assert as_text(b"red \x1b[31m\xe2\x80\xae") == "red [31m"


@pytest.mark.parametrize(
    ("typed", "wider"),
    [
        ("2021", "path:**2021**"),
        ("type:image  2021 holiday-1", "type:image  path:**2021** path:**holiday-1**"),
        ("-draft 2021", "-draft path:**2021**"),
        ("type:image", None),
        ("IMG_*", None),
        ("/a/b", None),
        ('"two words"', None),
        ("a or b", None),
        ("(a b)", None),
        ("", None),
    ],
)
def test_words_can_be_looked_for_in_whole_paths(typed: str, wider: str | None) -> None:
    assert in_paths(typed) == wider
