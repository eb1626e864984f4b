"""Settings changed by a call: config.toml is written in one step, and counts as an edit by hand does."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sanchay import errors
from sanchay.address import places
from sanchayd import config_edit
from sanchayd.config_table import TABLE
from tests.support.daemon import DaemonProcess
from tests.support.program import until

FILE = "# mine\nmax_scans = 3  # for now\n"


def test_a_setting_is_written_counts_and_is_told_as_it_is_now(daemon: DaemonProcess, tmp_path: Path) -> None:
    file, target = daemon.where.config_file, tmp_path / "dotfiles.toml"
    target.write_text(FILE)
    target.chmod(0o640)
    file.symlink_to(target)
    with daemon.client() as client:
        until(lambda: next(one.value for one in client.settings().settings if one.key == "max_scans") == "3")
        taken = client.set_setting("max_scans", "5")
        assert (taken.setting.value, taken.setting.origin, taken.setting.fixed_by) == ("5", "config.toml", "")
        assert (taken.value, taken.before, taken.error, taken.file.raw) == ("5", "3", "", os.fsencode(file))
        assert target.read_text() == FILE.replace("3", "5")
        assert (stat.S_IMODE(target.stat().st_mode), file.is_symlink()) == (0o640, True)
        assert [name for name in os.listdir(tmp_path) if name.endswith(".part")] == []

        later = client.set_setting("cache_mb", "99").setting
        assert (later.value, later.until_restart, later.counts) == ("99", "64", "restart")
        assert "cache_mb" in client.status().notices[-1]

        quiet = client.set_setting("notices.off", '["disk", "jobs"]').setting
        assert (quiet.value, quiet.type, list(quiet.choices)) == ('["disk", "jobs"]', "list", [*TABLE[quiet.key].words])
        back = client.set_setting("max_scans", None)
        assert (back.setting.value, back.setting.origin, back.value, back.before) == ("2", "default", "", "5")
    assert target.read_text() == '# mine\ncache_mb = 99\n\n[notices]\noff = ["disk", "jobs"]\n'


def test_every_setting_is_described(daemon: DaemonProcess) -> None:
    with daemon.client() as client:
        settings = client.settings().settings
    assert [one.key for one in settings] == [*TABLE]
    for one in settings:
        row = TABLE[one.key]
        assert (one.type, list(one.choices), one.unit, one.counts == "now") == (
            row.type,
            [*row.words],
            row.unit,
            row.live,
        )
        assert one.description == row.description
        assert one.description[0].isupper()
    by_key = {one.key: one for one in settings}
    assert (by_key["max_scans"].least, by_key["max_scans"].most, by_key["max_scans"].default) == ("1", "16", "2")
    assert (by_key["metrics.listen"].least, by_key["reflection"].default) == ("", "false")


def test_what_a_flag_or_a_variable_fixes_is_written_and_said_not_to_count(tmp_path: Path) -> None:
    env = {"SANCHAY_CACHE_MB": "55"}
    with DaemonProcess(tmp_path / "home", "--set", "max_scans=7", fake=True, env=env) as daemon:
        with daemon.client() as client:
            by_flag = client.set_setting("max_scans", "5")
            assert (by_flag.value, by_flag.setting.value) == ("5", "7")
            assert (by_flag.setting.origin, by_flag.setting.fixed_by) == ("flag", "--set max_scans")
            by_variable = client.set_setting("cache_mb", "99").setting
            assert (by_variable.origin, by_variable.fixed_by) == ("environment", "SANCHAY_CACHE_MB")
        assert daemon.where.config_file.read_text() == "max_scans = 5\ncache_mb = 99\n"


@pytest.mark.parametrize(
    ("text", "key", "value", "line", "words"),
    [
        (FILE, "max_scans", "17", "", "17 is not valid"),
        (FILE, "max_scans", "[1, 2]", "", "takes one value, not 2"),
        (FILE, "max_scan", "4", "", "did you mean max_scans?"),
        (FILE, "log_level", "info", "", "'info' is not a value in TOML"),
        (FILE, "max_scans", "1\ncache_mb = 9", "", "is not a value in TOML"),
        (FILE, "max_scans", "", "", "is not a value in TOML"),
        ("a = \n", "max_scans", "4", "1", "this is not TOML"),
        ("\ncache_mb = 1\n", "max_scans", "4", "2", "cache_mb: 1 is not valid"),
    ],
)
def test_what_is_invalid_is_refused_and_nothing_is_written(
    daemon: DaemonProcess, text: str, key: str, value: str, line: str, words: str
) -> None:
    file = daemon.where.config_file
    file.write_text(text)
    with daemon.client() as client, pytest.raises(errors.ConfigInvalid) as caught:
        client.set_setting(key, value)
    assert words in caught.value.message
    assert (caught.value.exit_code, caught.value.details.get("line", "")) == (78, line)
    assert file.read_text() == text


def test_a_read_only_file_is_left_as_it_is(daemon: DaemonProcess) -> None:
    file = daemon.where.config_file
    file.write_text(FILE)
    file.chmod(0o444)
    with (
        daemon.client() as client,
        pytest.raises(errors.PermissionDenied, match="it is read-only") as caught,
    ):
        client.set_setting("max_scans", "5")
    assert (caught.value.exit_code, caught.value.path) == (77, os.fsencode(file))
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (FILE, 0o444)


def test_what_another_program_writes_while_the_file_is_changed_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = places(tmp_path)
    where.config_file.write_text(FILE)
    edit, left = config_edit.edit, ["cache_mb = 44\n", "cache_mb = 45\n"]

    def interrupted(*arguments: object) -> config_edit.Edited:
        edited = edit(*arguments)  # type: ignore[arg-type]
        if left:
            where.config_file.write_text(FILE + left.pop())
        return edited

    monkeypatch.setattr(config_edit, "edit", interrupted)
    assert config_edit.change(where, {}, {}, "max_scans", "5").value == "5"
    assert where.config_file.read_text() == FILE.replace("3", "5") + "cache_mb = 44\n"
    left += [f"cache_mb = {number}\n" for number in range(50, 60)]
    with pytest.raises(errors.Busy, match="another program is writing it"):
        config_edit.change(where, {}, {}, "max_scans", "6")
    assert where.config_file.read_text() == FILE + "cache_mb = 57\n"
    assert [name for name in os.listdir(tmp_path) if name.endswith(".part")] == []
