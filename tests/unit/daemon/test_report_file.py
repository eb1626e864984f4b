"""A report as a file: where it may be written, and what stands in it."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from pathlib import Path

import pytest

from sanchay.address import places, prepare
from sanchay.errors import PermissionDenied, SanchayError
from sanchayd import config
from sanchayd.reports import file as report_file
from sanchayd.reports.report import Report, ReportRow

HOSTILE = [b"/a\rb", b"/a\nb", b"/a\r\nb", b'/a"b,c', b"/\xff\x1b", "/\U000e0001".encode(), b"/plain"]


def report(paths: list[bytes]) -> Report:
    rows = tuple(
        ReportRow(path=path, size=1, allocated=1, modified_ns=0, type="other", hash="", root_id=1) for path in paths
    )
    return Report(rows=rows, new=(), grown=(), gone=())


@pytest.mark.parametrize("allowed", [[], [""], ["", "."], ["."], ["~no-one-of-that-name"], ["relative"]])
def test_an_entry_that_is_no_whole_path_allows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: list[str]
) -> None:
    monkeypatch.chdir("/")
    for folder in (tmp_path, Path("/"), Path("/etc")):
        with pytest.raises(SanchayError, match="report_folders") as refused:
            report_file.allowed_folder(bytes(folder), allowed)
        assert isinstance(refused.value, PermissionDenied)


@pytest.mark.skipif(sys.platform == "win32", reason="a link is for administrators there")
def test_a_symlinked_allowed_folder_is_where_it_leads(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    (real / "in").mkdir(parents=True)
    link.symlink_to(real)
    where = places(tmp_path / "home")
    prepare(where)
    where.config_file.write_text(f"report_folders = [{json.dumps(str(link))}]")
    allowed = config.load(where, {}, {}).report_folders
    for folder in (link, link / "in", real / "in"):
        file = report_file.write(bytes(folder), allowed, "s", 0, 1, report([b"/a"]))
        assert Path(os.fsdecode(file)).parent == folder.resolve()
    (real / "out").symlink_to(tmp_path)
    strange = tmp_path / "strange"
    strange.mkdir()
    link.unlink()
    link.symlink_to(strange)
    for folder in (real / "out", link, strange):
        with pytest.raises(SanchayError, match="may not be written"):
            report_file.write(bytes(folder), allowed, "s", 0, 1, report([b"/a"]))
    real.rename(tmp_path / "was")
    real.symlink_to(strange)
    with pytest.raises(SanchayError, match="may not be written"):
        report_file.write(bytes(real), allowed, "s", 0, 1, report([b"/a"]))


def test_no_name_breaks_the_rows_of_a_report(tmp_path: Path) -> None:
    file = Path(os.fsdecode(report_file.write(bytes(tmp_path), [str(tmp_path)], "s", 0, 1, report(HOSTILE))))
    text = file.read_bytes().decode("utf-8", "surrogateescape")
    for reader in (io.StringIO(text, newline=""), io.StringIO(text.replace("\n", "\r\n"), newline="")):
        rows = list(csv.DictReader(reader))
        assert len(rows) == len(HOSTILE)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["path"].encode("utf-8", "surrogateescape") for row in rows] == HOSTILE
    assert text.splitlines()[0] == ",".join(report_file.COLUMNS)
