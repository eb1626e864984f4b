"""Every command on narrow and wide screens and in narrow encodings: readable, and never a traceback."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from sanchayctl import output
from sanchayctl.main import main
from tests.support.canned_daemon import CannedDaemon
from tests.support.daemon import PATIENCE_S, environment
from tests.unit.ctl.conftest import Run
from tests.unit.ctl.test_commands import COMMANDS
from tests.unit.ctl.test_program import every_command

COLUMNS = [40, 60, 80, 200]
#: Of our own making: none may be shown as an escape.
OURS = "…→·█–—"


def typed_on(monkeypatch: pytest.MonkeyPatch, encoding: str, arguments: list[str]) -> tuple[int, str]:
    """What a terminal of that encoding shows, both streams together."""
    shown = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setattr(sys, "stderr", shown)
    with output.people():
        code = main(arguments)
    shown.flush()
    buffer = shown.buffer
    assert isinstance(buffer, io.BytesIO)
    return code, buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("columns", COLUMNS)
def test_every_help_fits_the_screen(run: Run, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for names, _ in every_command():
        said = run(*names, "--help").out
        usage, _, rest = said.partition("\n\n")
        assert usage.startswith(f"Usage: sanchayctl {' '.join(names)}".rstrip())
        # What is to be typed stays in one line, so that it can be copied: commands, and words to choose from.
        prose = [line for line in rest.splitlines() if not line.startswith(("  sanchayctl ", "  -"))]
        too_long = [line for line in prose if len(line) > columns and len(line.split()) > 2]
        assert not too_long, (names, too_long)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("columns", COLUMNS)
def test_every_answer_is_readable(
    daemon: CannedDaemon, monkeypatch: pytest.MonkeyPatch, columns: int, encoding: str
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    for arguments, code in COMMANDS:
        ended, said = typed_on(monkeypatch, encoding, arguments)
        assert ended == code, (arguments, said)
        assert said.strip(), arguments
        assert "Traceback" not in said
        escapes = [f"\\u{ord(mark):04x}" for mark in OURS] + [f"\\x{ord(mark):02x}" for mark in OURS]
        assert not [escape for escape in escapes if escape in said], (arguments, said)


def test_a_table_that_would_wrap_is_a_few_lines_for_each_row(
    daemon: CannedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    narrow = typed_on(monkeypatch, "utf-8", ["root", "list"])[1].splitlines()
    assert "NAME       photos" in narrow
    assert "PATH       /data/photos" in narrow
    monkeypatch.setenv("COLUMNS", "100")
    wide = typed_on(monkeypatch, "utf-8", ["root", "list"])[1].splitlines()
    assert wide[0].split()[:2] == ["ID", "NAME"]


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX locales are set so")
@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
@pytest.mark.parametrize("typed", ["find x", "report show big", "summary"])
def test_a_process_in_the_c_locale_answers(daemon: CannedDaemon, locale: dict[str, str], typed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sanchayctl", *typed.split()],
        env=environment(daemon.where.data_folder) | locale,
        capture_output=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert done.stdout
