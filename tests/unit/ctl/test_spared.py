"""What other packages import and a command does not use is loaded when it is used, and works then as it always did."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.canned_daemon import CannedDaemon
from tests.support.daemon import environment, unmeasured

SPARED = """
import sys
from sanchay import spared

assert "wave" not in sys.modules and "json" not in sys.modules
import json as before

spared.spare(("wave", "json", "no_such_module"))
assert sys.modules["json"] is before
import wave
assert type(wave) is spared.Spared and "Error" not in vars(wave)
assert issubclass(wave.Error, Exception)  # here it is loaded
from wave import Wave_read
spared.spare(("email.mime.text",))
import email.mime.text
assert type(email.mime.text) is spared.Spared
assert email.mime.text.MIMEText
assert type(wave) is type(sys) and wave.Wave_read is Wave_read
try:
    wave.no_such_name
except AttributeError as error:
    print(error)
"""
UNUSED = """
import os, sys

def end(code):
    from sanchay import spared
    from google.protobuf.internal import api_implementation
    names = [*spared.UNUSED, *(spared.UNUSED_BY_PROTOBUF if api_implementation.Type() != "python" else ())]
    print([name for name in names if type(sys.modules[name]) is not spared.Spared], file=sys.stderr)
    sys.exit(code)

os._exit = end
sys.argv = ["sanchayctl", *sys.argv[1:]]
from sanchayctl.__main__ import program
program()
"""


def run(code: str, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=unmeasured(environment(home)), check=False)


def test_a_spared_module_is_loaded_when_it_is_used_and_not_when_it_is_imported(tmp_path: Path) -> None:
    ended = run(SPARED, tmp_path)
    assert (ended.stderr, ended.stdout) == ("", "module 'wave' has no attribute 'no_such_name'\n")


def test_a_plain_answer_uses_none_of_them(daemon: CannedDaemon) -> None:
    assert daemon.where.home is not None
    for arguments in (["status"], ["find", "x"]):
        ended = run(UNUSED, daemon.where.home, *arguments)
        assert ended.stdout
        # Before Python 3.11 the standard library uses one of them by itself.
        by_python = [] if sys.version_info >= (3, 11) else ["selectors"]
        assert (ended.returncode, ended.stderr.splitlines()[-1]) in ((0, "[]"), (0, str(by_python)))
