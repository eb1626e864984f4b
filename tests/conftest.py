"""Rules for every test: a clean environment, and a missing system part that is skipped here and fails under CI=true."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Generator
from typing import Any

import hypothesis
import pytest

IN_CI = os.environ.get("CI") == "true"
#: The parts are Linux's (mounts, other users), and .ci/run installs them there; other platforms never have all of them.
NOTHING_MAY_BE_MISSING = IN_CI and sys.platform == "linux"

#: A skip is then a failure, unless its reason begins so: another platform is no missing part.
PLATFORM_REASON = "only on "

# A developer's own daemon and settings must not be found by a test; how long the random tests run is said to the tests.
for _name in [
    name
    for name in os.environ
    if name.startswith("SANCHAY_") and not name.startswith(("SANCHAY_PROPERTY_", "SANCHAY_TEST_"))
]:
    del os.environ[_name]

# A shell that runs the tests in its background has them ignore Ctrl-C, and so every program that they start.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A machine that stands still for a moment is no fault of a test.
_untimed = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("here", _untimed)
hypothesis.settings.register_profile("ci", _untimed, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if IN_CI else "here")


#: Tests of the engine and of faults: coverage is measured by the other tests, for it doubles the processor time.
UNMEASURED = ("faults", "integration", "live", "property", "strangers")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker that names what a test needs of the machine."""
    config.addinivalue_line(
        "markers", "needs(*parts): programs on PATH, folders (with a slash) or 'root'; without them the test is skipped"
    )


def missing_parts(parts: tuple[str, ...]) -> list[str]:
    """The parts of `needs` that this machine lacks."""
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    missing = []
    for part in parts:
        if part == "root":
            there = hasattr(os, "geteuid") and os.geteuid() == 0
        elif "/" in part:
            there = os.path.exists(part)
        else:
            there = shutil.which(part, path=search) is not None
        if not there:
            missing.append(part)
    return missing


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test whose parts are missing."""
    for marker in item.iter_markers("needs"):
        missing = missing_parts(marker.args)
        if missing:
            pytest.skip(f"needs {', '.join(missing)}")


@pytest.fixture(autouse=True)
def _umask() -> Generator[None, None, None]:
    """A daemon's parts restrict the new files of their process: not those of the tests that follow in it."""
    before = os.umask(0o077)
    os.umask(before)
    yield
    os.umask(before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measures no coverage in the tests of some folders, nor in what they start."""
    tests = item.config.rootpath / "tests"
    if not item.path.is_relative_to(tests) or item.path.relative_to(tests).parts[0] not in UNMEASURED:
        return (yield)
    told = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("COVERAGE_")}
    measuring = sys.modules["coverage"].Coverage.current() if told else None
    if measuring is not None:
        measuring.stop()
    try:
        return (yield)
    finally:
        os.environ.update(told)
        if measuring is not None:
            measuring.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns a skip into a failure under CI=true, where every part is due to be there."""
    report = yield
    if (
        NOTHING_MAY_BE_MISSING
        and report.skipped
        and not hasattr(report, "wasxfail")
        and isinstance(report.longrepr, tuple)
    ):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if not reason.startswith(PLATFORM_REASON):
            report.outcome = "failed"
            report.longrepr = f"Skipped under CI=true, where nothing may be missing: {reason}"
    return report
