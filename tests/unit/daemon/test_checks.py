"""Checks of the catalog's rows: by hand, by the clock, and over the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sanchayd.upkeep.checks import CHECK_EVERY_NS, words
from tests.support.daemon import DaemonProcess
from tests.support.fake_catalog import FakeCatalog
from tests.support.fake_values import CatalogFault
from tests.unit.daemon.conftest import Core

Play = Callable[..., Any]
NOW_NS = 1_790_000_000 * 10**9


def test_the_daemon_checks_and_mends_once_a_week_by_itself(play: Play, catalog: FakeCatalog) -> None:
    async def scenario(core: Core) -> None:
        checks = core.status.checks
        catalog.checks.faults = [CatalogFault("ghost_keys", 4096, b"", False)]
        found = await checks.check_if_due(NOW_NS)
        assert found is not None
        assert words(found) == "4,096 ghost keys"
        assert catalog.checks.asked == [(True, True)]
        catalog.checks.checked_ns = NOW_NS
        for later_ns in (0, CHECK_EVERY_NS - 1):
            assert await checks.check_if_due(NOW_NS + later_ns) is None
        assert await checks.check_if_due(NOW_NS + CHECK_EVERY_NS) is not None
        assert await checks.check_if_due(NOW_NS - 1) is not None, "a clock that went back"
        assert len(catalog.checks.asked) == 3

    play(scenario)


def test_a_check_by_hand_changes_nothing_unless_it_is_asked_to(play: Play, catalog: FakeCatalog) -> None:
    async def scenario(core: Core) -> None:
        catalog.checks.faults = [CatalogFault("totals", 1, b"/data/a", False)]
        found = await core.status.checks.check(repair=False, background=False)
        assert [fault.mended for fault in found.faults] == [False]
        found = await core.status.checks.check(repair=True, background=False)
        assert [fault.mended for fault in found.faults] == [True]
        assert not (await core.status.checks.check(repair=False, background=False)).faults

    play(scenario)


def test_a_client_checks_over_the_wire(daemon: DaemonProcess) -> None:
    with daemon.client() as client:
        answer = client.check_catalog()
        assert answer.complete
        assert not answer.faults
        assert not client.check_catalog(repair=True).faults
