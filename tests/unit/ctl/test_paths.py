"""Names: exact for programs, harmless and unambiguous on a screen."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sanchayctl import output, paths
from tests.unit.ctl import answers


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
    ],
)
def test_hostile_names_are_harmless(raw: bytes, shown: str) -> None:
    assert paths.shown_bytes(raw) == shown


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
    assert paths.shown(answers.path(answers.QUOTED)) == "$'/data/photos/it\\'s an \\u202eexe.jpg'"
