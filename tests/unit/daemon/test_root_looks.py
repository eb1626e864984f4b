"""Folders as they would be as roots: what can be added, where it lies, how it would be kept up, what it holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sanchay import errors
from sanchay.sentences import Sentence
from sanchayd.hosts import Mount
from sanchayd.roots import place
from sanchayd.roots.place import Kind
from sanchayd.roots.root import WatchMode
from sanchayd.roots.tally import Tally
from tests.support import trees
from tests.support.daemon import DaemonProcess, engine_missing
from tests.support.program import until

NAS, STICK, DISK, TOP = (
    Mount(b"/mnt/nas", "nfs4", False),
    Mount(b"/media/me/STICK", "vfat", True),
    Mount(b"/data", "ext4", False),
    Mount(b"/", "ext4", False),
)


@pytest.mark.parametrize(
    ("file_system", "network", "mount", "kind"),
    [
        ("ext4", False, TOP, Kind.LOCAL),
        ("fuseblk", False, DISK, Kind.LOCAL),
        ("nfs4", True, NAS, Kind.NETWORK),
        ("cifs", False, NAS, Kind.NETWORK),
        ("vfat", False, STICK, Kind.REMOVABLE),
        ("iso9660", False, STICK, Kind.OPTICAL),
        ("tmpfs", False, TOP, Kind.MEMORY),
        ("fuse.mergerfs", False, DISK, Kind.OTHER),
        ("ext4", False, None, Kind.OTHER),
    ],
)
def test_what_a_folder_lies_on(file_system: str, network: bool, mount: Mount | None, kind: Kind) -> None:
    assert place.kind_of(file_system, network, mount) is kind


def test_a_folder_lies_in_the_innermost_mount_and_the_last_of_several() -> None:
    over = Mount(b"/mnt/nas", "ext4", False)
    assert place.mount_of(b"/mnt/nas/photos", [TOP, NAS, over, DISK]) is over
    assert place.mount_of(b"/mnt/nas2", [TOP, NAS]) is TOP
    assert place.mount_of(b"/mnt", [NAS]) is None


def test_drives_are_what_a_person_mounted() -> None:
    of_system = [Mount(path, "ext4", False) for path in (b"/boot/efi", b"/home", b"/var/lib/x", b"/run/user/0")]
    at_home = Mount(b"/home/me/share", "nfs4", False)
    hidden = Mount(b"/home/me/.cache/doc", "fuse.portal", False)
    found = place.drives([TOP, *of_system, NAS, hidden, STICK, DISK, at_home], b"/home/me")
    assert found == [NAS, STICK, DISK, at_home]


def test_how_it_would_be_kept_up() -> None:
    for asked, file_system, network, mode, code in (
        (WatchMode.AUTO, "ext4", False, WatchMode.EVENTS, "tells-of-changes"),
        (WatchMode.AUTO, "fuseblk", False, WatchMode.EVENTS, "tells-of-changes"),
        (WatchMode.AUTO, "nfs4", True, WatchMode.POLL, "changes-unnoticed"),
        (WatchMode.AUTO, "fuse.mergerfs", False, WatchMode.POLL, "changes-unnoticed"),
        (WatchMode.POLL, "ext4", False, WatchMode.POLL, "asked-for"),
        (WatchMode.OFF, "ext4", False, WatchMode.OFF, "switched-off"),
    ):
        kept_up = place.kept_up(asked, file_system, network)
        assert (kept_up.mode, kept_up.because.code) == (mode, code)
        assert Sentence.of_engine(kept_up.because).code == code


def test_a_count_ends_with_its_patience_and_says_that_there_is_more(tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"a": "1", "b/c": "22", "b/d/": ""})
    (tree / "link").symlink_to("/")
    tally = Tally()
    tally.count(bytes(tree), 60)
    assert tally == Tally(files=2, folders=2, size_bytes=3, complete=True)
    out_of_time, unreadable = Tally(), Tally()
    out_of_time.count(bytes(tree), -1)
    assert out_of_time == Tally()
    unreadable.count(bytes(tree / "gone"), 60)
    assert not unreadable.complete


def test_a_folder_is_looked_at_before_it_is_added(daemon: DaemonProcess, tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"in/a": "1", "in/deep/b": "22"})
    (tmp_path / "link").symlink_to(tree / "in")
    with daemon.client() as client:
        free = client.check_root(tmp_path / "link", patience_ms=5000).check
        assert (free.path.raw, free.state, free.root, list(free.inside)) == (bytes(tree / "in"), "ok", "", [])
        assert (free.count.files, free.count.folders, free.count.bytes, free.count.complete) == (2, 1, 3, True)
        assert 0 < free.free_bytes <= free.total_bytes
        assert os.path.ismount(free.mount_point.raw)
        assert not client.check_root(tree, patience_ms=0).check.HasField("count")

        client.add_root(tree / "in", name="inner", no_scan=True)
        assert list(client.check_root(tree).check.contains) == ["inner"]
        assert client.check_root(tree / "in").check.root == "inner"
        assert list(client.check_root(tree / "in" / "deep").check.inside) == ["inner"]
        for path, state in (
            (tree / "no", "not_found"),
            (tree / "in" / "a", "not_a_folder"),
            (daemon.home, "own_folder"),
        ):
            refused = client.check_root(path).check
            assert (refused.state, bool(refused.message), refused.HasField("count")) == (state, True, False)
        with pytest.raises(errors.NotAbsolute):
            client.check_root("tree")


@pytest.mark.skipif(engine_missing(), reason="the engine is not built")
def test_what_is_said_before_is_so_after(tmp_path: Path) -> None:
    pictures = trees.build(tmp_path / "Pictures", {"a": "1", "sub/b": "22"})
    env = {"XDG_PICTURES_DIR": str(pictures), "XDG_MUSIC_DIR": str(tmp_path / "none"), "HOME": str(tmp_path)}
    with DaemonProcess(tmp_path / "home", env=env) as daemon, daemon.client() as client:
        suggested = {each.what: each for each in client.suggest_roots(patience_ms=5000).checks}
        assert "music" not in suggested
        before = suggested["pictures"]
        assert (before.path.raw, before.count.files, before.count.from_catalog) == (bytes(pictures), 2, False)
        added = client.add_root(pictures)
        assert list(client.follow_job(added.job_id))[-1].state == "done"
        until(lambda: client.list_roots().roots[0].live.state in ("live", "polled"))  # kept up, and up to date
        live = client.list_roots().roots[0].live
        assert (before.mode, before.because, before.because_words) == (live.mode, live.because, live.because_words)
        after = client.check_root(pictures).check
        assert (after.root, after.mode, after.because) == ("Pictures", live.mode, live.because)
        assert (after.count.files, after.count.bytes, after.count.complete) == (2, 3, True)
        assert after.count.from_catalog
        assert client.check_root(pictures / "sub").check.count.from_catalog
