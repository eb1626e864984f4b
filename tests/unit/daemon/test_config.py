"""Settings: which source wins, where each value came from, and what a bad one is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sanchay.address import places
from sanchay.errors import ConfigInvalid, SanchayError
from sanchayd.config import LIVE_KEYS, VARIABLES, Config, load
from tests.support.daemon import environment


def write(home: Path, toml: str = "", dotenv: str = "") -> None:
    (home / "config.toml").write_text(toml, "utf-8")
    (home / ".env").write_text(dotenv, "utf-8")


def test_flags_win_over_the_environment_that_over_dotenv_that_over_the_file_that_over_defaults(tmp_path: Path) -> None:
    write(
        tmp_path,
        toml='max_scans = 3\ncache_mb = 33\nlog_files = 9\nlog_level = "error"\n',
        dotenv="SANCHAY_MAX_SCANS=4\nSANCHAY_CACHE_MB=44\nSANCHAY_LOG_LEVEL=DEBUG\n",
    )
    config = load(places(tmp_path), {"max_scans": "6"}, {"SANCHAY_MAX_SCANS": "5", "SANCHAY_CACHE_MB": "55"})
    assert (config.max_scans, config.cache_mb, config.log_level, config.log_files) == (6, 55, "debug", 9)
    said = {one.key: (one.origin, one.fixed_by) for one in config.settings()}
    assert said["max_scans"] == ("flag", "--set max_scans")
    assert said["cache_mb"] == ("environment", "SANCHAY_CACHE_MB")
    assert said["log_level"] == (".env", "SANCHAY_LOG_LEVEL")
    assert said["log_files"] == ("config.toml", "")
    assert said["listen"] == ("default", "")


@pytest.mark.parametrize(
    "name", sorted({name.removeprefix("SANCHAY_") for names in VARIABLES.values() for name in names})
)
def test_other_programs_variables_do_not_count(tmp_path: Path, name: str) -> None:
    write(tmp_path, dotenv=f"{name}=/app/other\n")
    config = load(places(tmp_path), {}, {name: "/app/app.sqlite", "TCP": "1"})
    assert {one.origin for one in config.settings()} == {"default"}
    assert config.catalog_file == tmp_path / "catalog.db"


def test_another_programs_dotenv_in_the_home_does_not_count_whatever_is_in_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"DATABASE_PATH=/app/\xff.sqlite\n\x00\xfe = $(x\nSANCHAY_MAX_SCANS=4\n")
    config = load(places(tmp_path), {}, {})
    said = {one.key: (one.origin, one.fixed_by) for one in config.settings() if one.origin != "default"}
    assert said == {"max_scans": (".env", "SANCHAY_MAX_SCANS")}


def test_the_short_form_of_loopback_counts_after_the_long_one(tmp_path: Path) -> None:
    assert load(places(tmp_path), {}, {"SANCHAY_TCP": "1"}).listen == "tcp"
    assert load(places(tmp_path), {}, {"SANCHAY_TCP": "1", "SANCHAY_LISTEN": "unix"}).listen == "unix"


def test_dotenv_of_the_current_folder_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ".env").write_text("SANCHAY_MAX_SCANS=9")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load(places(tmp_path / "home"), {}, {}).max_scans == 2


def test_defaults_and_toml_values(tmp_path: Path) -> None:
    config = load(places(tmp_path), {}, {})
    assert config.catalog_file == tmp_path / "catalog.db"
    values = {one.key: one.value for one in config.settings()}
    assert values["reflection"] == "false"
    assert values["max_scans"] == "2"
    assert values["listen"] == '"auto"'
    assert values["database_path"] == json.dumps(str(tmp_path / "catalog.db"))


@pytest.mark.parametrize(
    ("toml", "line", "key", "words"),
    [
        ("# hello\nmax_scan = 3\n", "2", "max_scan", "there is no such setting"),
        ("\n\nmax_scans = 99\n", "3", "max_scans", "less than or equal to 16"),
        ('log_level = "loud"\n', "1", "log_level", "'debug', 'info', 'warning' or 'error'"),
        ("cache_mb = \n", "1", "cache_mb", "not TOML"),
        ("[max_scans]\nx = 1\n", "1", "max_scans", "is not valid: "),
        ('log_level = "waring"\n', "1", "log_level", "did you mean warning?"),
        ('[metrics]\n\nlisten = "0.0.0.0:9"\n', "3", "metrics.listen", "other machines"),
        ('metrics.listen = "elsewhere:9"\n', "1", "metrics.listen", "not an address in numbers"),
        ("[metrics]\nport = 9\n", "2", "metrics.port", "there is no such setting"),
        ("metrics = 9\n", "1", "metrics", "there is no such setting"),
        ("log_files = 3\nlog_files = 4\n", "2", "log_files", "not TOML"),
    ],
)
def test_a_bad_line_names_file_line_and_key(tmp_path: Path, toml: str, line: str, key: str, words: str) -> None:
    write(tmp_path, toml)
    with pytest.raises(SanchayError) as caught:
        load(places(tmp_path), {}, {})
    error = caught.value
    assert isinstance(error, ConfigInvalid)
    assert (error.details["file"], error.details["line"], error.details["key"]) == (
        str(tmp_path / "config.toml"),
        line,
        key,
    )
    assert f"config.toml, line {line}" in error.message
    assert key in error.message
    assert words in error.message


@pytest.mark.parametrize(
    ("flags", "environ", "dotenv", "words"),
    [
        ({"max_scans": "many"}, {}, "", "the flag for max_scans"),
        ({}, {"SANCHAY_LISTEN": "radio"}, "", "SANCHAY_LISTEN in the environment"),
        ({}, {}, "SANCHAY_CACHE_MB=1\n", "SANCHAY_CACHE_MB in "),
        ({}, {"SANCHAY_DATABASE_PATH": "relative.db"}, "", "SANCHAY_DATABASE_PATH in the environment"),
    ],
)
def test_a_bad_value_names_its_source(
    tmp_path: Path, flags: dict[str, str], environ: dict[str, str], dotenv: str, words: str
) -> None:
    write(tmp_path, dotenv=dotenv)
    with pytest.raises(SanchayError, match=words):
        load(places(tmp_path), flags, environ)


def test_files_that_cannot_be_read_as_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SanchayError, match="cannot be read"):
        load(places(tmp_path), {}, {})


def test_every_setting_has_a_variable_and_a_description() -> None:
    assert {field.alias or name for name, field in Config.model_fields.items()} == set(VARIABLES)
    assert set(VARIABLES) >= LIVE_KEYS
    assert all(field.description for field in Config.model_fields.values())


def test_a_misspelt_variable_or_line_is_told(tmp_path: Path) -> None:
    dotenv = (
        "# mine\nexport SANCHAY_CACHEMB=44\nsanchay_watch=off\nSANCHAY_SETTLE_MS\nSANCHAY_HOME=/x\nLOG_LEVEL=debug\n"
    )
    (tmp_path / ".env").write_text(f"\ufeff{dotenv}", "utf-8")
    environ = {"SANCHAY_MAX_SCAN": "5", "SANCHAY_REPORT_HOOK": "x", "SANCHAY_RUN": "7", "SANCHAY_XYZ": "1"}
    file = tmp_path / ".env"
    assert load(places(tmp_path), {}, {**environ, "SANCHAY_HOME": "/x", "SANCHAY_TCP": "0"}).notices == (
        "SANCHAY_MAX_SCAN in the environment is not a setting and does not count; did you mean SANCHAY_MAX_SCANS?",
        "SANCHAY_REPORT_HOOK in the environment does not count: report_hook can be set in config.toml only.",
        "SANCHAY_XYZ in the environment is not a setting and does not count.",
        f"{file}, line 2: SANCHAY_CACHEMB is not a setting and does not count; did you mean SANCHAY_CACHE_MB?",
        f"{file}, line 3: sanchay_watch is not a setting and does not count; did you mean SANCHAY_WATCH?",
        f"{file}, line 4: SANCHAY_SETTLE_MS has no value and does not count: write SANCHAY_SETTLE_MS=VALUE.",
        f"{file}, line 5: SANCHAY_HOME counts in the environment only.",
    )


def test_a_mark_at_the_beginning_of_a_file_is_no_error(tmp_path: Path) -> None:
    write(tmp_path, "\ufeffmax_scans = 3\n", "\ufeffSANCHAY_CACHE_MB=44\n")
    config = load(places(tmp_path), {}, {})
    assert (config.max_scans, config.cache_mb, config.notices) == (3, 44, ())
    write(tmp_path, "\ufeffmax_scan = 3\n")
    with pytest.raises(SanchayError, match=r"config\.toml, line 1: max_scan: .* did you mean max_scans\?"):
        load(places(tmp_path), {}, {})


def test_a_check_of_the_settings_imports_nothing_of_a_daemon(tmp_path: Path) -> None:
    code = (
        "import sys; from sanchayd.__main__ import main; code = main(['--check-config']);"
        "sys.stderr.write(' '.join(sys.modules)); sys.exit(code)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(tmp_path))
    assert ended.returncode == 0, ended.stderr
    imported = {name.partition(".")[0] for name in ended.stderr.split()}
    assert not imported & {"alembic", "asyncio", "dotenv", "grpc", "psutil", "rich", "sqlalchemy", "structlog"}
    assert not {"sanchayd.app", "sanchayd.engine_port"} & set(ended.stderr.split())
