"""Cases of "not known is not no": what could not be compared is counted, and nothing is said of its copies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.catalogs import ONLY_POSIX, Cataloger, below
from tests.integration.live_cataloger import LiveCataloger
from tests.support.mounts import loop_device, make_ext4, mounted, passing

pytestmark = ONLY_POSIX
CONTENT = b"content" * 1000


def counts(cataloger: Cataloger) -> dict[str, int]:
    """What was not compared, by reason, where there is something."""
    found = cataloger.catalog.not_compared()
    names = ("files", "bytes", "not_read", "unreadable", "unstable", "other_algorithm")
    return {name: getattr(found, name) for name in names if getattr(found, name)}


def test_files_that_are_not_hashed_are_not_said_to_have_no_copy(cataloger: Cataloger, tree: Path) -> None:
    for name in ("one", "two", "three"):
        (tree / name).write_bytes(CONTENT)
    (tree / "empty").write_bytes(b"")
    cataloger.add(tree, hash="none")
    cataloger.scan()
    assert counts(cataloger) == {"files": 3, "bytes": 3 * len(CONTENT), "not_read": 3}
    assert cataloger.paths("dup:yes") == set()
    assert cataloger.paths("dup:no size:>0") == set()
    assert cataloger.paths("dup:unknown") == below(tree, ["one", "two", "three"])


def test_a_hashed_file_of_the_size_of_one_that_is_not_may_have_a_copy(cataloger: Cataloger, tmp_path: Path) -> None:
    for folder, names in (("read", {"same": CONTENT, "other": b"other"}), ("unread", {"twin": CONTENT})):
        (tmp_path / folder).mkdir()
        for name, content in names.items():
            (tmp_path / folder / name).write_bytes(content)
    cataloger.add(tmp_path / "read")
    cataloger.add(tmp_path / "unread", hash="none")
    for root in (1, 2):
        cataloger.scan(root)
    assert counts(cataloger) == {"files": 1, "bytes": len(CONTENT), "not_read": 1}
    assert cataloger.paths("dup:no") == below(tmp_path / "read", ["other"])
    assert cataloger.paths("dup:unknown") == below(tmp_path, ["read/same", "unread/twin"])
    assert cataloger.paths("-dup:unknown -dup:yes") == below(tmp_path / "read", ["other"])


def test_equal_files_of_two_algorithms_are_counted_as_not_compared(cataloger: Cataloger, tmp_path: Path) -> None:
    for folder, names in (("blake3", ["a", "b", "c"]), ("sha256", ["a", "only"])):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_bytes(name.encode() * 5000 if name != "only" else b"of one size")
        cataloger.add(tmp_path / folder, algorithm=folder)
    for root in (1, 2):
        cataloger.settled_scan(root)
    # Equal sizes across: the one of the side with fewer files counts, and leaves all of its size open.
    assert counts(cataloger) == {"files": 1, "bytes": 5000, "other_algorithm": 1}
    assert cataloger.paths("dup:no") == below(tmp_path / "sha256", ["only"])
    assert cataloger.paths("dup:unknown") == below(tmp_path, ["blake3/a", "blake3/b", "blake3/c", "sha256/a"])


def test_a_file_whose_size_no_other_has_was_compared(cataloger: Cataloger, tree: Path) -> None:
    for name, content in {"one": CONTENT, "twin": CONTENT, "alone": b"alone"}.items():
        (tree / name).write_bytes(content)
    cataloger.add(tree, hash="duplicates")
    cataloger.settled_scan()
    assert counts(cataloger) == {}
    assert cataloger.paths("dup:no") == below(tree, ["alone"])
    assert cataloger.paths("dup:yes") == below(tree, ["one", "twin"])


@pytest.mark.needs("root", "mount", "losetup", "mkfs.ext4", "/dev/loop-control")
@pytest.mark.parametrize("size", [5_000, 400_000])
def test_a_twin_on_a_disk_that_is_away_is_found_when_it_is_back(
    cataloger: Cataloger, tmp_path: Path, size: int
) -> None:
    image = make_ext4(tmp_path / "image")
    content = os.urandom(size)
    (tmp_path / "here").mkdir()
    with loop_device(image) as device, mounted(device, tmp_path / "away") as away:
        (away / "old").write_bytes(content)
        cataloger.add(away, hash="duplicates")
        cataloger.settled_scan(1)
    (tmp_path / "away").rmdir()
    (tmp_path / "here" / "new").write_bytes(content)
    cataloger.add(tmp_path / "here", hash="duplicates")
    cataloger.settled_scan(2)
    assert counts(cataloger) == {"files": 1, "bytes": size, "not_read": 1}
    assert cataloger.paths("dup:no") == set()
    with loop_device(image) as device, mounted(device, tmp_path / "away"):
        cataloger.settled_scan(1)
        assert counts(cataloger) == {}
        assert cataloger.paths("dup:yes") == below(tmp_path, ["away/old", "here/new"])


@pytest.mark.needs("root", "/dev/fuse")
def test_files_of_a_program_that_say_they_are_empty_are_not_equal(cataloger: Cataloger, tmp_path: Path) -> None:
    branch = tmp_path / "branch"
    branch.mkdir()
    (branch / "endless one").write_bytes(b"one")
    (branch / "endless two").write_bytes(b"two")
    (branch / "empty").write_bytes(b"")
    with passing(tmp_path / "shown", branch) as shown:
        cataloger.add(shown)
        cataloger.settled_scan()
        assert cataloger.groups(min_size=0) == []


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveCataloger]:
    """A catalog whose roots are live."""
    cataloger = LiveCataloger(tmp_path / "live home")
    yield cataloger
    cataloger.catalog.close()


def test_a_copy_of_a_file_that_was_alone_in_its_size_makes_a_group_while_live(live: LiveCataloger, tree: Path) -> None:
    (tree / "a").write_bytes(CONTENT)
    (tree / "large").write_bytes(b"large" * 100_000)
    live.follow(tree, hash="duplicates")
    assert live.paths("dup:yes") == set()
    for name, copy in (("a", "b"), ("large", "larger")):
        (tree / copy).write_bytes((tree / name).read_bytes())
    live.wait(lambda: live.paths("dup:yes") == below(tree, ["a", "b", "large", "larger"]))
    assert counts(live) == {}


def test_an_answer_says_whether_it_asks_for_copies(cataloger: Cataloger) -> None:
    for expression in ("dup:yes", "size:>1 DUP:no", "-dup:yes", "dup:unknown"):
        assert cataloger.catalog.find(expression).asks_for_copies, expression
    for expression in ("", "dup", "size:>1"):
        assert not cataloger.catalog.find(expression).asks_for_copies, expression
