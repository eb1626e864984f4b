"""Arguments as people have them become exact wire values, and what could not travel is refused here."""

from __future__ import annotations

from pathlib import Path

import pytest

from sanchay import _requests
from sanchay.errors import InvalidArgument
from sanchay.v1 import root_pb2


@pytest.mark.parametrize("value", [b"/\xff", "/\udcff", Path("/\udcff")])
def test_paths_travel_as_exact_bytes(value: str | bytes | Path) -> None:
    message = _requests.path(value)
    assert (message.raw, message.display) == (b"/\xff", "/\ufffd")


def test_a_root_is_named_by_name_id_or_path() -> None:
    assert [_requests.root_name(root) for root in ("films", 7, b"/\xff", Path("/a"))] == [
        b"films",
        b"7",
        b"/\xff",
        b"/a",
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: _requests.find("a\udcff", "", 0, ""),
        lambda: _requests.find("a", "", -1, ""),
        lambda: _requests.find("a", "", 2**32, ""),
        lambda: _requests.duplicates(None, -1, (), (), "", False, 0, ""),
        lambda: _requests.root_settings("some", "blake3", (), False, False),
        lambda: _requests.root_settings("all", "md5", (), False, False),
        lambda: _requests.root_settings("all", "blake3", ["\udc80"], False, False),
        lambda: _requests.disk_usage(None, -1, False, False, 0.0, 0, ""),
        lambda: _requests.disk_usage(None, 1, False, False, 1.1, 0, ""),
        lambda: _requests.disk_usage(None, 1, False, False, float("nan"), 0, ""),
        lambda: _requests.export("\udcff", "csv"),
    ],
)
def test_what_could_not_travel_is_a_usage_error(make: object) -> None:
    with pytest.raises(InvalidArgument) as caught:
        make()  # type: ignore[operator]
    assert caught.value.exit_code == 2


def test_only_what_is_given_is_changed() -> None:
    request = _requests.update_root("a", None, None, None, None, False, None, None)
    assert request == root_pb2.UpdateRootRequest(root=b"a")
    request = _requests.update_root("a", "b", "none", "sha256", ["x"], True, False, True)
    assert request == root_pb2.UpdateRootRequest(
        root=b"a",
        name="b",
        hash=root_pb2.HASH_NONE,
        algorithm=root_pb2.SHA256,
        exclude=["x"],
        replace_exclude=True,
        one_file_system=False,
        skip_hidden=True,
    )


def test_a_least_size_of_zero_is_said_and_none_is_not() -> None:
    assert not _requests.duplicates(None, None, (), (), "", False, 0, "").HasField("min_size")
    request = _requests.duplicates("/a", 0, ["jpg"], ["image"], "size", True, 5, "t")
    assert request.HasField("min_size")
    assert (request.under.raw, request.page.limit, request.page.page_token) == (b"/a", 5, "t")
