"""A check of the settings without the model takes what the model takes, as the same; the rest is the model's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sanchay.address import places
from sanchay.errors import ConfigInvalid
from sanchayd import config, config_check
from sanchayd.config_table import TABLE
from tests.support.daemon import REPOSITORY, environment

NUMBERS = sorted({bound for row in TABLE.values() for bound in (row.low, row.high) if bound is not None})
WORDS = sorted({word for row in TABLE.values() for word in row.words})
NEAR = st.sampled_from(NUMBERS).flatmap(lambda bound: st.sampled_from([bound - 1, bound, bound + 1]))
VALUES = st.one_of(
    NEAR,
    NEAR.map(str),
    NEAR.map(float),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.text(),
    st.sampled_from(
        [*WORDS, "true", "FALSE", "on", "1.5", "1e3", "1_0", " 7", "07", "٣", "127.0.0.1:9", "0.0.0.0:9", "socket"]
    ),
    st.sampled_from(["22:30", "24:00", "22:30\n", " 22:30", "hi", "pt-BR", "HI", "٢٢:٣٠"]),
    st.lists(st.sampled_from(WORDS), max_size=3),
    st.lists(st.text() | st.integers(), max_size=2),
    st.just({"a": 1}),
    st.just(10**400),
)


@given(values=st.dictionaries(st.sampled_from([*TABLE, "max_scan"]), VALUES, max_size=4))
def test_what_is_plainly_valid_is_valid_for_the_model_and_the_same(values: dict[str, Any]) -> None:
    plain = config_check.plain_values(values)
    if plain is None:
        return
    model = config.Config(**values)
    for key in TABLE:
        mine, its = plain[key], getattr(model, config.attribute(key))
        assert (mine, type(mine), config.as_toml(mine)) == (its, type(its), config.as_toml(its)), key


@pytest.mark.parametrize("key", TABLE)
def test_defaults_bounds_and_words_are_plainly_valid_and_what_lies_beyond_is_not(key: str) -> None:
    row = TABLE[key]
    words = [[*row.words]] if row.type == "list" else row.words
    valid = [row.default, *words, *([row.low, row.high, str(row.high)] if row.low is not None else [])]
    for value in valid:
        assert config_check.plain_values({key: value}) is not None, value
    for value in [row.low - 1, row.high + 1] if row.low is not None else [{}]:
        assert config_check.plain_values({key: value}) is None, value
        with pytest.raises(ValidationError):
            config.Config(**{key: value})


def test_the_table_is_made_from_the_model() -> None:
    text = (REPOSITORY / "daemon" / "sanchayd" / "config_table.py").read_text("utf-8")
    assert f"= {{\n{config.table()}\n}}\n" in text, f"config_table.py has other rows than:\n{config.table()}"


@pytest.mark.parametrize(
    "toml",
    [
        "",
        'log_level = "debug"\nmax_mb_per_s = 2.50\nreport_folders = ["/tmp/../tmp"]\n[metrics]\nlisten = "socket"\n',
        'max_scans = "4"\nlog_files = 3.0\nreflection = "yes"\n',  # the last two are the model's to take
    ],
)
def test_both_say_the_same_of_a_file(tmp_path: Path, toml: str) -> None:
    (tmp_path / "config.toml").write_text(toml, "utf-8")
    environ = {"SANCHAY_CACHE_MB": "55", "SANCHAY_MAX_SCAN": "2"}
    settings = config.load(places(tmp_path), {}, environ)
    checked = config_check.check(places(tmp_path), {}, environ)
    assert (checked.settings, checked.notices) == (settings.settings(), settings.notices)


def test_what_is_refused_is_refused_in_the_models_words(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('\nmax_scans = 99\ndatabase_path = "here"\n', "utf-8")
    with pytest.raises(ConfigInvalid, match=r"config.toml, line 2: max_scans: 99 is not valid: .* 16\."):
        config_check.check(places(tmp_path), {}, {})
    (tmp_path / "config.toml").write_text('database_path = "here"\n', "utf-8")
    with pytest.raises(ConfigInvalid, match="'here' is not an absolute path"):
        config_check.check(places(tmp_path), {}, {})


def test_a_check_of_plain_settings_imports_no_pydantic(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('log_level = "debug"\n', "utf-8")
    code = "import sys; from sanchayd.__main__ import main; main(['--check-config']); sys.exit(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment(tmp_path)
    )
    told = json.loads(done.stdout)["log_level"]
    assert (told["value"], told["origin"], told["choices"]) == ('"debug"', "config.toml", [*TABLE["log_level"].words])
    assert not {"pydantic", "pydantic_core", "grpc", "sqlalchemy"} & set(done.stderr.split())
