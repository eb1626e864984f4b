"""`sanchayctl have`: what is asked, what people and programs read, and how lists are read."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from sanchay.errors import InvalidArgument
from sanchayctl import checksum_list, copying, path_list
from sanchayctl.commands import have
from tests.support.canned_daemon import CannedDaemon
from tests.unit.ctl.conftest import Run

DIGEST = "ab" * 32


@pytest.mark.usefixtures("people")
def test_people_read_the_numbers_first_and_then_what_is_not_known(run: Run, daemon: CannedDaemon) -> None:
    ended = run("have", "/media/card")
    first, *rest = ended.out.splitlines()
    assert first == "5 files, 2.0K: 1 known, 1 new (2.0K), 1 offline, 1 maybe, 1 unreadable."
    shown = "\n".join(rest)
    for words in ("(/usb/b is being changed)", "= /usb/a", "(input/output error)"):
        assert words in shown
    assert "/media/card/known" not in shown
    assert "Not looked at: 2 symlinks." in ended.err
    assert "/media/card/known  = " in run("have", "/media/card", "--state", "all").out
    assert "and 1 more" in run("have", "/media/card", "--state", "known").out


def test_programs_get_paths_of_new_files_or_of_the_states_that_they_name(run: Run, daemon: CannedDaemon) -> None:
    assert run("have", "/media/card", "-0").out.endswith(".jpg\0")
    assert run("have", "/media/card", "--paths", "--state", "known").out == "/media/card/known\n"
    rows = run("--json", "have", "/media/card").document["rows"]
    assert [row["state"] for row in rows] == ["known", "offline", "maybe", "new", "unreadable"]
    assert rows[1]["copies"] == [{"path": "/usb/a", "root": "usb", "device": None, "offline": True}]


def test_paths_are_made_absolute_and_long_lists_are_asked_in_several(
    run: Run, daemon: CannedDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = os.fsencode(tmp_path)
    run("have", "a", "../b")
    assert daemon.asked("StartHave")[0].paths == [here + b"/a", os.path.dirname(here) + b"/b"]
    names = [b"%06d-\xff" % number + b"n" * 200 for number in range(2000)]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\0".join(names))))
    daemon.requests.clear()
    document = run("--json", "have", "-").document
    asked = daemon.asked("StartHave")
    assert [path for request in asked for path in request.paths] == [here + b"/" + name for name in names]
    assert len(asked) > 1
    assert all(request.ByteSize() < have.QUESTION_BYTES + 5000 for request in asked)
    assert document["known"] == len(document["job_ids"]) == len(asked)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Name files or folders"),
        (("a", "--list", "b"), "Name files or folders"),
        (("--list", "b", "--copy-missing", "c"), "only hashes are known"),
        (("a", "--algorithm", "blake3"), "--algorithm says"),
        (("--json", "a", "-0"), "--json prints one JSON document"),
    ],
)
def test_what_cannot_be_asked_is_refused(run: Run, arguments: tuple[str, ...], words: str) -> None:
    ended = run("have", *arguments)
    assert ended.code == 2
    assert words in ended.err


def test_lists_are_read_in_both_formats_with_escaped_names() -> None:
    digest = bytes.fromhex(DIGEST)
    lines = [
        f"{DIGEST}  a b\n".encode(),
        f"{DIGEST.upper()} *bin\xff\r\n".encode("latin-1"),
        f"\\{DIGEST}  new\\nline\\\\\n".encode(),
        f"SHA256 (a (1)) = {DIGEST}\n".encode(),
        f"\\BLAKE3 (x\\ny) = {DIGEST}\n".encode(),
        b"\n",
    ]
    assert list(checksum_list.lines(lines, "list", "blake3")) == [
        (b"a b", digest, "blake3"),
        (b"bin\xff", digest, "blake3"),
        (b"new\nline\\", digest, "blake3"),
        (b"a (1)", digest, "sha256"),
        (b"x\ny", digest, "blake3"),
    ]
    for bad in (b"x", DIGEST[1:].encode() + b"  a", b"MD5 (a) = " + DIGEST.encode()):
        with pytest.raises(InvalidArgument, match="list, line 1"):
            list(checksum_list.lines([bad], "list"))


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [("SHA256SUMS", "sha256"), ("a.b3", "blake3"), ("B3SUMS.txt", "blake3"), ("x.sha256", "sha256"), ("list", "")],
)
def test_a_list_may_tell_its_algorithm_by_its_name(name: str, algorithm: str) -> None:
    assert checksum_list.algorithm_by_name(f"/a/{name}") == algorithm


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a\nb c\n", [b"a", b"b c"]),
        (b"a\nb\0c\0", [b"a\nb", b"c"]),
        (b"\xff\0" * 70_000, [b"\xff"] * 70_000),
    ],
)
def test_a_nul_anywhere_says_that_nuls_end_the_paths(given: bytes, paths: list[bytes]) -> None:
    assert list(path_list.read(io.BytesIO(given))) == paths


def test_copies_are_whole_keep_their_times_and_write_over_nothing(tmp_path: Path) -> None:
    card, folder = tmp_path / "card", tmp_path / "new" / "deep"
    (card / "sub").mkdir(parents=True)
    for name, content in {"sub/a.jpg": b"aaa", "b": b"bbb", "same": b"same", "gone": b"g", "grown": b"gg"}.items():
        (card / name).write_bytes(content)
        os.utime(card / name, ns=(1_000_000_007, 1_600_000_000_123_456_789))
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.jpg").write_bytes(b"mine")
    (folder / "same").write_bytes(b"same")
    (folder / "b").symlink_to("nowhere")
    (card / "gone").unlink()
    with copying.Copier(os.fsencode(folder)) as copier:
        for name, size in {"sub/a.jpg": 3, "b": 3, "same": 4, "gone": 1, "grown": 1}.items():
            copier.copy(os.fsencode(card / name), name.encode(), size)
    copied = copier.copied
    assert (copied.files, copied.size_bytes, copied.already_there, copied.stopped) == (2, 6, 1, "")
    assert {os.path.basename(path) for path, _ in copied.failed} == {b"gone", b"grown"}
    assert (folder / "sub" / "a.jpg").read_bytes() == b"mine"
    assert (folder / "sub" / "a-2.jpg").read_bytes() == b"aaa"
    assert (folder / "sub" / "a-2.jpg").stat().st_mtime_ns == 1_600_000_000_123_456_789
    assert (folder / "b-2").read_bytes() == b"bbb"
    left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
    assert left == ["b", "b-2", "same", "sub", "sub/a-2.jpg", "sub/a.jpg"], "no temporary name stays"


def test_a_disk_without_hard_links_gets_its_copies_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a").write_bytes(b"a")
    with copying.Copier(os.fsencode(tmp_path / "new")) as copier:
        for _ in range(2):
            copier.copy(os.fsencode(tmp_path / "a"), b"a", 1)
    assert (copier.copied.files, copier.copied.already_there) == (1, 1)
    assert os.listdir(tmp_path / "new") == ["a"]


def test_a_full_disk_ends_the_copying_and_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a").write_bytes(b"a")
    monkeypatch.setattr(os, "fsync", full)
    with copying.Copier(os.fsencode(tmp_path / "new")) as copier:
        for name in (b"a", b"b"):
            copier.copy(os.fsencode(tmp_path / "a"), name, 1)
    assert "No space left on device" in copier.copied.stopped
    assert len(copier.copied.failed) == 1
    assert os.listdir(tmp_path / "new") == []
