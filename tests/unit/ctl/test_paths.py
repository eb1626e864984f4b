"""Names: exact for programs, harmless and unambiguous on a screen."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sanchay import names, paths
from sanchayctl import output
from tests.unit.ctl import canned
from tests.unit.ctl.conftest import Run


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"/plain/name.txt", "/plain/name.txt"),
        ("/सञ्चय/फ़ोटो.jpg".encode(), "/सञ्चय/फ़ोटो.jpg"),
        (b"/it's fine", "/it's fine"),
        (b"C:\\back\\slash", "C:\\back\\slash"),
        (b"/a\nb", "$'/a\\nb'"),
        (b"/a\x1b[2Jb", "$'/a\\e[2Jb'"),
        (b"/a\x01'b\\", "$'/a\\x01\\'b\\\\'"),
        (b"/caf\xe9", "$'/caf\\xe9'"),
        (b"$'fake'", "$'$\\'fake\\''"),
        ("/a\u202egpj.exe".encode(), "$'/a\\u202egpj.exe'"),
        ("/a\x9b31m".encode(), "$'/a\\u009b31m'"),
        ("a\U000e0001\u115f\ufe0f\u061c".encode(), "$'a\\U000e0001\\u115f\\ufe0f\\u061c'"),
    ],
)
def test_hostile_names_are_harmless(raw: bytes, shown: str) -> None:
    assert paths.shown_bytes(raw) == shown


def test_what_a_screen_may_leave_out_or_turn_is_escaped_in_names_texts_and_json() -> None:
    invisible = [
        *(chr(code) for code in (0x61C, 0xAD, 0x34F, 0x115F, 0x1160, 0x17B4, 0x180E, 0x2800, 0x3164, 0xFEFF, 0xFFA0)),
        *map(chr, (*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10))),
        *map(chr, (0x1BCA0, 0x1D173, 0xE0001, 0xE0020, 0xE007F, 0xE0100, 0xE01EF, 0xFFF9)),
    ]
    for mark in invisible:
        name = f"a{mark}b"
        assert paths.shown_bytes(name.encode()).startswith("$'a\\"), hex(ord(mark))
        assert mark not in paths.safe_text(name)
        text = output.to_json({"path": name})
        assert text.isascii()
        assert json.loads(text) == {"path": name}
        assert mark not in output.command(["rm", name])
    for harmless in ("ä", "日本", "नमस्ते", "😀", "a b", "a\u3000b"):
        assert paths.shown_bytes(harmless.encode()) == harmless


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_two_names_never_look_the_same(one: bytes, other: bytes) -> None:
    assert (paths.shown_bytes(one) == paths.shown_bytes(other)) == (one == other)


@given(st.binary(max_size=60))
def test_no_control_character_reaches_the_screen(raw: bytes) -> None:
    shown = paths.shown_bytes(raw)
    assert all(character.isprintable() or character.isspace() for character in shown if ord(character) < 0x300)
    assert not set(shown) & set("\n\r\t\x1b\x7f\x9b")


@pytest.mark.skipif(shutil.which("bash") is None, reason="only on systems with bash")
@settings(max_examples=30)
@given(st.binary(max_size=30).filter(lambda raw: b"\0" not in raw))
def test_an_escaped_name_can_be_pasted_into_bash(raw: bytes) -> None:
    shown = paths.shown_bytes(raw)
    if shown.startswith("$'"):
        told = subprocess.run(
            ["bash", "-c", f"printf %s {shown}"], env={"LC_ALL": "C.UTF-8"}, capture_output=True, check=True
        )
        assert told.stdout == raw


@given(st.binary(max_size=60))
def test_json_holds_the_exact_bytes(raw: bytes) -> None:
    document = paths.of_bytes(raw)
    if "path_bytes" in document:
        assert base64.b64decode(document["path_bytes"]) == raw
    else:
        assert document["path"].encode() == raw
    import json

    text = output.to_json(document)
    assert json.loads(text) == document
    assert not set(text) & set("\x1b\x7f\x9b\u202e\u2028")


def test_relative_paths_and_tildes_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    (tmp_path / "link").symlink_to("/")
    assert paths.absolute("a/../b") == str(tmp_path / "b")
    assert paths.absolute("link") == str(tmp_path / "link")
    assert paths.absolute("~/x") == "/home/me/x"
    assert paths.absolute(os.fsdecode(b"caf\xe9")) == str(tmp_path) + "/caf\udce9"


def test_long_paths_keep_their_end() -> None:
    assert paths.shortened("/a/b", 10) == "/a/b"
    short = paths.shortened("/" + "x" * 100 + "/end.txt", 30)
    assert len(short) == 30
    assert short.endswith("end.txt")
    assert paths.shortened("abc", 1) == "…"


def test_wide_letters_align(capsys: pytest.CaptureFixture[str]) -> None:
    output.table([output.Column("NAME"), output.Column("N", right=True)], [["写真", "1"], ["e\u0301t", "22"]])
    assert capsys.readouterr().out == "NAME   N\n写真   1\ne\u0301t    22\n"
    output.table([output.Column("EMPTY")], [])
    assert capsys.readouterr().out == "EMPTY\n"


@pytest.mark.parametrize(
    ("part", "whole", "drawn"), [(0, 0, "····"), (1, 1000, "█···"), (1, 2, "██··"), (9, 3, "████"), (0, 5, "····")]
)
def test_bars(part: int, whole: int, drawn: str) -> None:
    assert output.bar(part, whole, cells=4) == drawn


def test_answers_have_the_hostile_names() -> None:
    assert paths.shown(canned.path(canned.QUOTED)) == "$'/data/photos/it\\'s an \\u202eexe.jpg'"


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX a current folder can go")
def test_a_current_folder_that_is_gone_is_said(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    ended = run("--no-start", "du", "sub")
    assert ended.code == 2
    assert "The current folder is not there any more, so sub leads nowhere" in ended.err
    assert paths.absolute("/whole/../path") == "/path"


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("photos", "'photos'"),
        ("", "''"),
        ("two words", "'two words'"),
        ("don't", r"$'don\'t'"),
        ("a\x1b[2J\n", r"$'a\e[2J\n'"),
        ("\udcff", r"$'\xff'"),
        ("\u202egpj", r"$'\u202egpj'"),
    ],
)
def test_words_and_names_are_quoted_in_one_way(word: str, shown: str) -> None:
    assert names.quoted(word) == shown
