"""Edits of the settings are followed without a look at anything else in their folder."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from watchdog.events import FileSystemEvent

from sanchay.address import places
from sanchayd import config
from sanchayd.reload import ConfigReload, ConfigWatch
from sanchayd.settings import Settings
from tests.unit.daemon.conftest import until


class Told(ConfigWatch):
    """Notes the names of all that it is told of."""

    def __init__(self, file: Path) -> None:
        self.names: list[bytes] = []
        super().__init__((file,), lambda: None)

    def on_any_event(self, event: FileSystemEvent) -> None:
        self.names.append(os.path.basename(os.fsencode(event.src_path)))
        super().on_any_event(event)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of the closing of a file that was written")
def test_writes_of_the_catalog_beside_the_settings_wake_no_thread(tmp_path: Path) -> None:
    async def scene() -> None:
        with (tmp_path / "catalog.db-wal").open("wb", buffering=0) as catalog:
            watch = Told(tmp_path / "config.toml")
            assert watch.start() == ""
            try:
                for _ in range(100):
                    catalog.write(b"page")
                (tmp_path / "config.toml").write_text("max_scans = 5\n")
                await until(lambda: b"config.toml" in watch.names)
                assert b"catalog.db-wal" not in watch.names
            finally:
                watch.stop()

    asyncio.run(scene())


def test_what_was_refused_is_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sanchayd.reload.RETRY_S", 0.05)
    where = places(tmp_path)
    where.config_file.parent.mkdir(parents=True, exist_ok=True)

    async def scene() -> None:
        settings = Settings(config.load(where, {}, {}))
        reload = ConfigReload(where, {}, {}, settings)
        assert reload.start() == ""
        try:
            where.config_file.write_text("max_scans = 5\nmax_scan = 6\n")
            await until(lambda: "there is no such setting" in settings.error)
            os.truncate(where.config_file, len("max_scans = 5\n"))  # which opens and closes nothing
            await until(lambda: not settings.error)
            assert settings.config.max_scans == 5
        finally:
            reload.stop()

    asyncio.run(scene())
