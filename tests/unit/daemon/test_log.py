"""The log file of a daemon that runs for months."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sanchayd.log import LogFile

GONE: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "moved": lambda file: file.rename(file.with_name("elsewhere")),
    "replaced": lambda file: os.replace(shutil.copy(file, file.with_name("copy")), file),
    "deleted with its folder": lambda file: shutil.rmtree(file.parent),
}


@pytest.mark.skipif(os.name != "posix", reason="a file that is open stays elsewhere")
@pytest.mark.parametrize("how", GONE)
def test_a_log_file_that_is_gone_is_made_again(tmp_path: Path, how: str) -> None:
    file = tmp_path / "logs" / "sanchayd.log"
    file.parent.mkdir()
    handler = LogFile(file, maxBytes=1 << 20, backupCount=2, encoding="utf-8")

    def say(text: str) -> None:
        handler.handle(logging.LogRecord("test", logging.INFO, "", 0, text, None, None))

    say("before")
    GONE[how](file)
    say("after")
    say("later")
    handler.close()
    kept = ["before"] if how == "replaced" else []
    assert file.read_text().splitlines() == [*kept, "after", "later"]
