"""Arguments made into an expression: what the shell kept together stays together."""

from __future__ import annotations

from pathlib import Path

import pytest

from sanchay import errors
from sanchayctl import expression
from tests.support.canned_daemon import CannedDaemon
from tests.unit.ctl.conftest import Run


@pytest.mark.parametrize(
    ("arguments", "joined"),
    [
        (["holiday", "ext:jpg"], "holiday ext:jpg"),
        (["beach house"], '"beach house"'),
        (["-beach house"], '-"beach house"'),
        (["under:/a b"], 'under:"/a b"'),
        (["-under:/a/b c/../d"], "-under:/a/d"),
        (['under:"/a b"'], 'under:"/a b"'),
        (["under:"], "under:"),
        (["name:*a b*"], 'name:"*a b*"'),
        (["ext:jpg size:>1G"], "ext:jpg size:>1G"),
        (["beach ext:jpg"], "beach ext:jpg"),
        (["size:>1 G"], "size:>1 G"),
        (["root:my photos"], 'root:"my photos"'),
        (["szie:>1 G"], "szie:>1 G"),
        (["at 12:30"], '"at 12:30"'),
        (["ROOT:a b"], 'ROOT:"a b"'),
        (["a\\b c"], '"a\\\\b c"'),
        (["path:/a/**"], "path:/a/**"),
        (['say "hi"'], r'"say \"hi\""'),
        (['12" vinyl'], r'"12\" vinyl"'),
        (['under:/x/"quoted"'], 'under:/x/"quoted"'),
        (['under:/x/"two words"'], r'under:"/x/\"two words\""'),
        (['"two words" ext:jpg'], '"two words" ext:jpg'),
        (['"two words" other'], '"two words" other'),
        (['name:"a b"'], 'name:"a b"'),
        (["*.jpg"], "*.jpg"),
        (["* a?.jpg"], 'name:"* a?.jpg"'),
        (["/a/b c.jpg"], '"/a/b c.jpg"'),
        (["-/a/b"], "-/a/b"),
        (["/a b/*.jpg"], 'path:"/a b/*.jpg"'),
        (["**/a/*.jpg"], "**/a/*.jpg"),
    ],
)
def test_terms(arguments: list[str], joined: str) -> None:
    assert expression.join(arguments) == joined


def test_folders_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert expression.join(["under:sub"]) == f"under:{tmp_path}/sub"
    assert expression.join(['under:"sub x"']) == f'under:"{tmp_path}/sub x"'
    assert expression.join(["under:~/x y"]) == 'under:"/home/me/x y"'
    assert expression.join(["path:~/*.c"]) == "path:/home/me/*.c"
    assert expression.join(["path:**/x"]) == "path:**/x"
    assert expression.join(["~/a.jpg", "./b", "sub/c"]) == f"/home/me/a.jpg {tmp_path}/b {tmp_path}/sub/c"
    (tmp_path / "real/deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real/deep")
    assert expression.join(["under:link/../x"]) == f"under:{tmp_path}/real/x"
    assert expression.join(["under:link/."]) == f"under:{tmp_path}/link"


def test_bytes_that_no_query_carries_are_refused() -> None:
    with pytest.raises(errors.InvalidQuery, match="not UTF-8"):
        expression.join(["caf\udce9"])


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (["find", "-ext:jpg", "--limit", "5", "-draft"], "-ext:jpg -draft"),
        (["find", "a", "--sort", "-size", "-hidden:x"], "a -hidden:x"),
        (["find", "--", "-ext:jpg", "--json"], "-ext:jpg --json"),
        (["export", "-root:x", "-owner:root", "--format", "csv", "-o", "-"], "-root:x -owner:root"),
        (["export", "-o", "-", "--format", "csv"], ""),
    ],
)
def test_a_dash_negates_a_term(run: Run, daemon: CannedDaemon, arguments: list[str], sent: str) -> None:
    assert run(*arguments).code == 0
    (request,) = daemon.asked("Find") + daemon.asked("Export")
    assert request.expression == sent


def test_help_is_still_help(run: Run) -> None:
    assert run("find", "-h").out.startswith("Usage: sanchayctl find")
    assert run("export", "--help").out.startswith("Usage: sanchayctl export")
    assert run("find").code == 2
