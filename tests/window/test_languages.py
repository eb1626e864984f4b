"""Every language is whole: each text is translated, with the same values, and there is a glyph for each letter."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from PySide6.QtGui import QTextLayout

from sanchay_tray import words
from tests.support.daemon import REPOSITORY
from tests.support.windows import application

LANGUAGES = [language for language in words.languages() if language != "en"]


def loaded(name: str) -> ModuleType:
    """A program of `scripts`, as a module."""
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


messages = loaded("messages")
CATALOGS = sorted(Path(messages.LOCALE).glob("*/LC_MESSAGES/sanchay.po"))


def test_there_is_hindi_beside_english() -> None:
    assert "hi" in LANGUAGES
    assert len(CATALOGS) == len(LANGUAGES)


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: path.parents[1].name)
def test_every_text_is_translated(path: Path) -> None:
    assert list(messages.faults(messages.read(path), messages.template())) == []


def test_every_text_of_the_code_is_found_by_the_extraction() -> None:
    # It does not see a call within another call of such a name, nor (before Python 3.12) one in an f-string.
    known = {message.id[0] if isinstance(message.id, tuple) else message.id for message in messages.template()}
    said = set()
    for path in (REPOSITORY / "tray").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("say", "count"):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    said.add(first.value)
    assert said - known == set()


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: path.parents[1].name)
def test_every_letter_has_a_glyph(path: Path) -> None:
    font = application().font()
    without = []
    for message in messages.read(path):
        for text in messages.strings(message) if message.id else ():
            layout = QTextLayout(text, font)
            layout.beginLayout()
            line = layout.createLine()
            line.setLineWidth(1e6)
            layout.endLayout()
            if any(0 in run.glyphIndexes() for run in layout.glyphRuns()):
                without.append(text)
    assert without == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_counts_by_its_forms(language: str) -> None:
    try:
        assert words.speak(language) == language
        one, many = (words.count("{n} folder is not there", "{n} folders are not there", n) for n in (1, 2))
        assert one != many.replace("2", "1")
        assert "folder" not in one
    finally:
        words.speak("en")
    assert words.count("{n} file", "{n} files", 2) == "2 files"
