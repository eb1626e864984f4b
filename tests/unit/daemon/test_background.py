"""Work that no one waits for: paused by a person or on battery, limited, and never in the way of what is waited for."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from sanchay.errors import InvalidArgument, SanchayError
from sanchayd import hosts
from sanchayd.engine_port import CatalogPool
from sanchayd.engine_port.native import NativeCatalog
from sanchayd.roots.root import HashScope, Root, RootSettings
from sanchayd.upkeep import background as module
from sanchayd.upkeep.background import BackgroundService, BackgroundState
from sanchayd.upkeep.store import UpkeepStore
from sanchayd.uptime import Uptime
from tests.support.daemon import PATIENCE_S, DaemonProcess, engine_missing
from tests.support.fake_catalog import FakeCatalog
from tests.unit.daemon.conftest import Core, make_config, open_core, until

SECOND_NS = 1_000_000_000


class Clock:
    """Time as the test says, and the power supply."""

    def __init__(self) -> None:
        self.now_ns = 1000 * SECOND_NS
        self.up_s = 50.0
        self.boot = "first"
        self.battery: bool | None = None

    def ahead(self, seconds: int) -> None:
        self.now_ns += seconds * SECOND_NS
        self.up_s += seconds


def service_of(core: Core, home: Path, clock: Clock, **settings: str) -> BackgroundService:
    return BackgroundService(
        core.catalog,
        core.catalog,
        CatalogPool(),
        UpkeepStore(core.store),
        core.queue,
        make_config(home, **settings),
        lambda: clock.now_ns,
        lambda: clock.battery,
        Uptime(clock.boot, lambda: clock.up_s),
    )


def play(tmp_path: Path, scene: Callable[[Core, Clock], Awaitable[Any]]) -> FakeCatalog:
    """Runs a scene over fresh services; what the engine was told is in the catalog's `background`."""
    catalog = FakeCatalog()

    async def run() -> None:
        core = await open_core(tmp_path, catalog)
        try:
            await scene(core, Clock())
        finally:
            await core.queue.stop()
            core.store.close()

    asyncio.run(run())
    return catalog


def test_a_pause_outlives_a_restart_and_ends_by_itself(tmp_path: Path) -> None:
    async def scene(core: Core, clock: Clock) -> None:
        first = service_of(core, tmp_path, clock)
        await first.load()
        view = await first.pause(3600)
        assert (view.state, view.until_ns) == (BackgroundState.PAUSED, clock.now_ns + 3600 * SECOND_NS)
        second = service_of(core, tmp_path, clock)
        await second.load()
        assert second.view() == view
        clock.ahead(3601)
        assert second.view().state is BackgroundState.RUNNING
        keeping = asyncio.ensure_future(second.keep())
        await until(lambda: core.catalog.background[-1] == (None, False))
        keeping.cancel()
        third = service_of(core, tmp_path, clock)
        await third.load()
        assert third.view().state is BackgroundState.RUNNING

    catalog = play(tmp_path, scene)
    assert catalog.background == [(None, True), (None, True), (None, False)]


def test_a_pause_without_an_end_lasts_until_it_is_resumed(tmp_path: Path) -> None:
    async def scene(core: Core, clock: Clock) -> None:
        service = service_of(core, tmp_path, clock)
        await service.pause(0)
        clock.ahead(10**6)
        assert (service.view().state, service.view().until_ns) == (BackgroundState.PAUSED, 0)
        assert (await service.resume()).state is BackgroundState.RUNNING
        for seconds in (-1.0, float("nan"), float("inf"), 1e12):
            with pytest.raises(SanchayError):
                await service.pause(seconds)

    assert play(tmp_path, scene).background == [(None, True), (None, False)]


@pytest.mark.parametrize("jump_s", [-400 * 86_400, 400 * 86_400])
def test_a_pause_survives_a_wrong_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump_s: int) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.01)

    async def scene(core: Core, clock: Clock) -> None:
        clock.now_ns = 1_800_000_000 * SECOND_NS
        service = service_of(core, tmp_path, clock)
        await service.load()
        await service.pause(3600)
        clock.ahead(600)
        clock.now_ns += jump_s * SECOND_NS
        until_ns = clock.now_ns + 3000 * SECOND_NS
        assert (service.view().state, service.view().until_ns) == (BackgroundState.PAUSED, until_ns)
        # After a restart of the daemon, too; and after one of the machine, by the clock as it went before.
        again = service_of(core, tmp_path, clock)
        await again.load()
        assert again.view() == service.view()
        keeping = asyncio.ensure_future(again.keep())
        kept = UpkeepStore(core.store)
        while (await kept.background_pause()).until_ns != until_ns:  # noqa: ASYNC110 - rows have no event
            await asyncio.sleep(0.005)
        keeping.cancel()
        clock.boot, clock.up_s = "second", 1.0
        third = service_of(core, tmp_path, clock)
        await third.load()
        clock.ahead(2999)
        assert third.view().state is BackgroundState.PAUSED
        clock.ahead(2)
        assert third.view().state is BackgroundState.RUNNING

    play(tmp_path, scene)


def test_a_pause_lasts_no_longer_than_was_asked_whatever_the_clock_says_after_a_start(tmp_path: Path) -> None:
    async def scene(core: Core, clock: Clock) -> None:
        await service_of(core, tmp_path, clock).pause(3600)
        clock.boot, clock.up_s, clock.now_ns = "second", 1.0, 1  # a machine whose clock is not set yet
        service = service_of(core, tmp_path, clock)
        await service.load()
        clock.ahead(3601)
        assert service.view().state is BackgroundState.RUNNING

    play(tmp_path, scene)


def test_on_battery_it_stands_still_while_there_is_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.01)

    async def scene(core: Core, clock: Clock) -> None:
        clock.battery = False
        service = service_of(core, tmp_path, clock)
        await service.load()
        keeping = asyncio.ensure_future(service.keep())
        clock.battery = True
        core.catalog.gate.clear()
        root = tmp_path / "root"
        root.mkdir()
        await core.scans.start_all([os.fsencode(root)], background=True, request_id="")
        await until(lambda: service.view().state is BackgroundState.ON_BATTERY)
        clock.battery = False
        await until(lambda: service.view().state is BackgroundState.RUNNING)
        await until(lambda: len(core.catalog.background) == 2)
        core.catalog.gate.set()
        keeping.cancel()

    catalog = play(tmp_path, scene)
    assert catalog.background == [(None, True), (None, False)]


def test_a_job_that_is_held_says_why(tmp_path: Path) -> None:
    async def scene(core: Core, clock: Clock) -> None:
        service = service_of(core, tmp_path, clock)
        await service.load()
        core.catalog.gate.clear()
        (tmp_path / "root").mkdir()
        started = await core.scans.start_all([os.fsencode(tmp_path / "root")], background=True, request_id="")
        job_id = started.jobs[0].id

        async def is_said(state: str, message: str) -> bool:
            job = await core.jobs.get(job_id)
            return (job.state.value, job.message) == (state, message)

        async def said(state: str, message: str) -> None:
            deadline_s = time.monotonic() + PATIENCE_S
            while not await is_said(state, message):
                assert time.monotonic() < deadline_s, await core.jobs.get(job_id)
                await asyncio.sleep(0.005)

        await said("running", "")
        await service.pause(0)
        await said("running", "work in the background is paused")
        await core.jobs.pause(job_id)
        await said("paused", "")
        await core.jobs.resume(job_id)
        await said("running", "work in the background is paused")
        clock.battery = True
        await service.resume()
        await service.apply(make_config(tmp_path))
        await said("running", "work in the background is paused on battery")
        clock.battery = False
        await service.apply(make_config(tmp_path))
        await said("running", "")
        core.catalog.scans[-1].state.waiting_for_disk = True
        await said("running", "the disk of the catalog is full; it goes on by itself when there is room")
        core.catalog.gate.set()
        await said("done", "")

    play(tmp_path, scene)


def test_settings_count_at_once(tmp_path: Path) -> None:
    async def scene(core: Core, clock: Clock) -> None:
        clock.battery = True
        service = service_of(core, tmp_path, clock, max_mb_per_s="20")
        await service.load()
        assert service.view().state is BackgroundState.ON_BATTERY
        await service.apply(make_config(tmp_path, max_mb_per_s="2.5", pause_on_battery="false"))
        assert (service.view().state, service.view().max_mb_per_s) == (BackgroundState.RUNNING, 2.5)
        await service.apply(make_config(tmp_path, pause_on_battery="false"))

    assert play(tmp_path, scene).background == [(20.0, True), (2.5, False), (None, False)]


def test_the_power_supply_is_known_or_not() -> None:
    assert hosts.on_battery() in {True, False, None}


def test_a_daemon_remembers_its_pause(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with DaemonProcess(home, fake=engine_missing()) as daemon, daemon.client() as client:
        assert client.status().background.state == "running"
        paused = client.pause_background(3600).background
        assert paused.state == "paused"
        with pytest.raises(InvalidArgument):
            client.pause_background(-1)
    with DaemonProcess(home, fake=engine_missing()) as daemon, daemon.client() as client:
        assert client.status().background == paused
        assert client.resume_background().background.state == "running"


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    if engine_missing():
        pytest.skip("needs the engine")
    catalog = NativeCatalog.open(os.fsencode(tmp_path / "catalog.db"), own_folders=[], threads=2, cache_mb=16)
    yield catalog
    catalog.close()


def add_root(catalog: NativeCatalog, folder: Path, root_id: int = 1) -> None:
    settings = RootSettings(hash=HashScope.ALL)
    catalog.put_root(Root(root_id, f"root{root_id}", os.fsencode(folder), settings, 1))


def test_a_scan_that_somebody_waits_for_is_not_held(tmp_path: Path, engine: NativeCatalog) -> None:
    folder = tmp_path / "tree"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "file").write_bytes(b"x" * 300_000)
    add_root(engine, folder)
    add_root(engine, folder / "inner", 2)
    engine.set_background(max_mb_per_s=None, paused=True)
    held = engine.scan(1, background=True, request_id="")
    # It waits for the held one, which shares its folders: both go on.
    assert engine.scan(2, background=False, request_id="").wait().state == "done"
    assert held.wait().state == "done"

    again = engine.scan(1, background=True, request_id="")
    again.foreground()
    assert again.wait().state == "done"
    third = engine.scan(1, background=True, request_id="")
    third.cancel()
    assert third.wait().state == "cancelled"
    fourth = engine.scan(1, background=True, request_id="")
    engine.set_background(max_mb_per_s=None, paused=False)
    assert fourth.wait().state == "done"


def test_a_limited_scan_reads_everything_and_a_limit_that_is_lifted_is_gone(
    tmp_path: Path, engine: NativeCatalog
) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "large").write_bytes(os.urandom(12 << 20))
    for number in range(20):
        (folder / f"small{number}").write_bytes(os.urandom(50_000))
    add_root(engine, folder)
    engine.set_background(max_mb_per_s=0.001, paused=False)
    scan = engine.scan(1, background=True, request_id="")
    engine.set_background(max_mb_per_s=1000, paused=False)
    result = scan.wait()
    assert (result.state, result.hashed_bytes) == ("done", (12 << 20) + 20 * 50_000)
