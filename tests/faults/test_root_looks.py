"""A folder on a share that hangs is looked at without waiting for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import mounts, trees
from tests.support.daemon import DaemonProcess
from tests.support.program import until

pytestmark = pytest.mark.needs("root", "/dev/fuse", "fusermount3")


def test_a_share_that_does_not_answer_is_said_and_waited_for_once(tmp_path: Path) -> None:
    pytest.importorskip("mfusepy")
    switch, shown = tmp_path / "switch", tmp_path / "shown"
    trees.build(shown, {"a": "1", "slow/b": "2"})
    with (
        mounts.hanging(tmp_path / "share", shown, switch) as share,
        DaemonProcess(tmp_path / "home") as daemon,
        daemon.client() as client,
    ):
        well = client.check_root(share, patience_ms=5000).check
        assert (well.state, well.count.files, well.count.complete) == ("ok", 2, True)
        assert (well.mode, well.kind, well.mount_point.raw) == ("poll", "other", bytes(share))

        try:
            switch.write_text("hang /slow\n")
            partly = client.check_root(share).check
            assert (partly.state, partly.count.complete) == ("ok", False)
            switch.write_text("hang /\n")
            for _ in range(3):
                silent = client.check_root(share).check
                assert (silent.state, silent.message) == ("silent", f"{share} does not answer")
                assert (silent.kind, silent.file_system) == (well.kind, well.file_system)
        finally:
            switch.unlink()
        until(lambda: client.check_root(share).check.state == "ok")
        added = client.add_root(share, no_scan=True).root
        until(lambda: client.list_roots().roots[0].live.because == well.because)
        assert added.path.raw == bytes(share)
