"""Settings changed from the command line: config.toml keeps all that is not the setting."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sanchay.address import places
from sanchay.errors import SanchayError
from sanchay.v1 import daemon_pb2
from sanchayctl.settings_check import as_toml
from sanchayd.config_edit import edit
from tests.support.canned_daemon import CannedDaemon
from tests.support.daemon import DaemonProcess
from tests.unit.ctl.conftest import Run

FILE = """# mine
log_level = "debug"   # while I look for it

max_scans = 3

[metrics]
# for the office
listen = "socket"
"""


@pytest.mark.parametrize(
    ("key", "words", "before", "after"),
    [
        ("max_scans", ["4"], "max_scans = 3\n", "max_scans = 4\n"),
        ("log_level", ["info"], '"debug"   # while', '"info"   # while'),
        ("metrics.listen", ["127.0.0.1:9"], '"socket"', '"127.0.0.1:9"'),
        ("cache_mb", ["99"], "max_scans = 3\n", "max_scans = 3\ncache_mb = 99\n"),
        ("reflection", ["yes"], "max_scans = 3\n", "max_scans = 3\nreflection = true\n"),
        ("report_folders", ["/a b", "/c"], "max_scans = 3\n", 'max_scans = 3\nreport_folders = ["/a b", "/c"]\n'),
        ("max_scans", None, "max_scans = 3\n", ""),
        ("metrics.listen", None, 'listen = "socket"\n', ""),
        ("settle_ms", None, "", ""),
        ("report_folders", ["/a"], "max_scans = 3\n", 'max_scans = 3\nreport_folders = ["/a"]\n'),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "marked"])
def test_a_setting_is_changed_and_comments_and_order_stay(
    tmp_path: Path, key: str, words: list[str] | None, before: str, after: str, ends: str, mark: str
) -> None:
    text = mark + FILE.replace("\n", ends)
    (tmp_path / "config.toml").write_bytes(text.encode())
    edited = edit(places(tmp_path), {}, {}, key, None if words is None else as_toml(words))
    assert edited.text == text.replace(before.replace("\n", ends), after.replace("\n", ends), 1 if before else 0)
    assert (edited.value is None) == (words is None)


@pytest.mark.parametrize(
    ("text", "key", "words", "reason"),
    [
        ("", "max_scan", ["4"], "there is no such setting; did you mean max_scans?"),
        ("", "max_scans", ["many"], "'many' is not valid"),
        ("", "watch", ["pol"], "or 'off'; did you mean poll?"),
        ("", "reflection", ["maybe"], "'maybe' is not valid: write true or false."),
        ("", "max_scans", ["1", "2"], "takes one value, not 2"),
        ("cache_mb = 1\n", "max_scans", ["4"], "line 1: cache_mb"),
        ("cache_mb = \n", "max_scans", ["4"], "this is not TOML"),
        ("", "database_path", ["relative"], "not an absolute path"),
        ("", "database_path", ["/a\udcff"], "$'/a\\xff' is not valid"),
        ("", "notices.quiet_from", ["25:00"], "'25:00' is not valid: write a time such as 22:30."),
        ("", "notices.off", ["copies", "disc"], "did you mean disk?"),
        ("", "window.language", ["Hindi"], "write the tag of a language, such as en, hi or pt-BR."),
    ],
)
def test_what_would_make_no_sense_is_not_written(
    tmp_path: Path, text: str, key: str, words: list[str], reason: str
) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(SanchayError) as caught:
        edit(places(tmp_path), {}, {}, key, as_toml(words))
    assert reason in caught.value.message
    assert (tmp_path / "config.toml").read_text() == text


def test_a_value_that_is_wrong_can_be_put_right(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("max_scans = 99\n")
    edited = edit(places(tmp_path), {}, {}, "max_scans", "4")
    assert (edited.text, edited.before) == ("max_scans = 4\n", None)


def test_what_counts_and_when_is_said(run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run("config", "set", "max_scans", "4")
    file = home / "config.toml"
    assert (first.code, file.read_text()) == (0, "max_scans = 4\n")
    assert first.out == f"max_scans = 4 in {file}, was 2.\nIt counts when sanchayd is started.\n"
    with DaemonProcess(home, "--set", "log_level=debug", fake=True):
        assert "It counts at once." in run("config", "set", "max_scans", "5").out
        assert "from the next start: sanchayctl daemon restart" in run("config", "set", "cache_mb", "99").out
        told = run("config", "show", "cache_mb").out
        assert "cache_mb = 99 (config.toml)" in told
        assert "an integer from 8 to 4096 MiB; the default is 64 MiB" in told
        assert "Until then it is 64." in told
        document = run("--json", "config", "unset", "cache_mb").document
        fixed = run("config", "set", "log_level", "error").out
        assert 'It does not count: the flag --set log_level says "debug"' in fixed
    assert (document["value"], document["before"], document["after"], document["counts"]) == (
        None,
        "99",
        "64",
        "restart",
    )
    assert file.read_text() == 'max_scans = 5\nlog_level = "error"\n'
    monkeypatch.setenv("SANCHAY_MAX_SCANS", "7")
    beside = run("config", "set", "max_scans", "6").out
    assert "It does not count: SANCHAY_MAX_SCANS in the environment says 7" in beside
    assert "fixed by SANCHAY_MAX_SCANS in the environment" in run("config", "show", "max_scans").out
    refused = run("--json", "config", "set", "max_scans", "99")
    assert (refused.code, refused.error["key"]) == (78, "max_scans")
    assert "max_scans = 6" in file.read_text()
    assert run("config", "show", "max_scan").code == 78
    assert not (home / "last_error.json").exists(), "nothing was started that could have failed"
    assert stat.S_IMODE(os.stat(home).st_mode) == 0o700


def test_a_daemon_changes_the_file_and_says_what_it_could_not_take_over(run: Run, home: Path) -> None:
    setting = daemon_pb2.Setting(key="max_scans", value="4", origin="config.toml", counts="now")
    answer = daemon_pb2.SetSettingResponse(
        setting=setting, value="4", error="The new settings could not be taken over."
    )
    with CannedDaemon(home, {"SetSetting": answer}) as daemon:
        said = run("config", "set", "max_scans", "4")
    (asked,) = daemon.asked("SetSetting")
    assert (asked.key, asked.value, asked.reset) == ("max_scans", '"4"', False)
    assert "It does not count yet: The new settings could not be taken over." in said.out
    assert not (home / "config.toml").exists()
