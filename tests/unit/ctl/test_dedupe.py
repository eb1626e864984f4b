"""Plans, runs and what was done, as a person reads them and a script takes them."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable

import click
import pytest

from sanchay import errors
from sanchay.v1 import dedupe_pb2, job_pb2
from tests.support.canned_daemon import CannedDaemon
from tests.unit.ctl import canned, canned_dedupe
from tests.unit.ctl.canned_dedupe import run_job, undo_job
from tests.unit.ctl.conftest import Run

Ended = Callable[[job_pb2.Job], None]


@pytest.fixture
def ends(daemon: CannedDaemon) -> Ended:
    """Has the job that is followed end so."""

    def end(job: job_pb2.Job) -> None:
        daemon.answers["FollowJob"] = lambda _: iter([job_pb2.FollowJobResponse(job=job)])
        daemon.answers["GetJob"] = job_pb2.GetJobResponse(job=job)

    return end


def test_a_plan_says_what_would_happen_and_what_to_type_next(run: Run, daemon: CannedDaemon) -> None:
    said = run("dedupe", "plan", "--prefer", "oldest").out.splitlines()
    assert said == [
        "Plan 3: 412 files would go to the trash, of 380 groups. That frees 1.5G once the trash is emptied.",
        "12 groups undecided, and left as they are: no rule tells the copies apart.",
        "7 symbolic links would lead nowhere:",
        r"    /data/link leads to $'/data/photos/caf\xe9.jpg'",
        "    … and 6 more",
        "Left out:",
        "    2 files: in a folder that a package manager fills",
        "    1 file: in a root that is offline",
        "No file was changed. Look at it: sanchayctl dedupe show 3 · do it: sanchayctl dedupe run 3",
    ]
    daemon.answers["MakePlan"] = dedupe_pb2.MakePlanResponse(
        plan=dedupe_pb2.Plan(id=4, action="delete", asked="{}"), freshness=canned.freshness("PARTIAL", "x is unread")
    )
    ended = run("dedupe", "plan")
    assert ended.out.splitlines() == [
        "Plan 4: no copy would go.",
        "No file was changed. Look at it: sanchayctl dedupe show 4",
    ]
    assert "x is unread" in ended.err


def test_a_plan_is_asked_for_with_scope_and_rules(
    run: Run, daemon: CannedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    asked = "--under a --min-size 1M --ext .jpg,png --type image --drop under:b --keep root:x --prefer under:c"
    more = "--prefer linked --isolate d --min-copies 2 --min-devices 3 --one-of-each-name --everywhere --action reflink"
    places = "--keep-in e --keep-in f --drop-in g"
    document = run("--json", "dedupe", "plan", *asked.split(), *more.split(), *places.split()).document
    assert {"plan", "groups", "files", "freed_bytes", "undecided", "skipped", "broken_links"} <= document.keys()
    assert document["skipped"] == [{"reason": "offline", "files": 1}, {"reason": "package", "files": 2}]
    (request,) = daemon.asked("MakePlan")
    assert (request.under.raw, request.min_size, list(request.extensions)) == (b"/a", 1 << 20, ["jpg", "png"])
    assert (list(request.types), request.drop, request.keep) == (["image"], "under:/b", "root:x")
    assert (list(request.prefer), [each.raw for each in request.isolate]) == (["under:/c", "linked"], [b"/d"])
    assert (request.min_copies, request.min_devices, request.action) == (2, 3, "reflink")
    assert [[each.raw for each in side] for side in (request.keep_in, request.drop_in)] == [[b"/e", b"/f"], [b"/g"]]
    assert request.one_of_each_name
    assert request.everywhere


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "--prefer", "oldst"], "Did you mean oldest?"),
        (["plan", "--prefer", "under:"], "is not a valid rule"),
        (["plan", "--action", "shred"], "is not one of trash"),
        (["edit", "3"], "Name a file with --keep, --drop or --undecided."),
        (["edit", "3", "--group", "17"], "Name a file with --keep, --drop or --undecided."),
        (["journal", "--left"], "--left is about one run"),
        (["run", "3"], "There is no terminal to ask at: add --yes"),
        (["--json", "run", "3"], "There is no terminal to ask at: add --yes"),
        (["--json", "show", "3", "--format", "csv"], "--json prints one JSON document"),
    ],
)
def test_what_is_not_a_command_is_refused_with_what_to_do(
    run: Run, daemon: CannedDaemon, arguments: list[str], said: str
) -> None:
    ended = run("dedupe", *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert not daemon.asked("StartRun")


def test_an_expression_of_a_plan_is_pointed_into(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["MakePlan"] = errors.InvalidQuery("1Q is not a valid size.", term="size:>1Q", position=0)
    ended = run("dedupe", "plan", "--drop", "size:>1Q")
    assert ended.code == 2
    assert ended.err.splitlines()[1:] == ["    size:>1Q", "    ^"]


@pytest.mark.usefixtures("people")
def test_each_file_of_a_plan_is_shown_with_its_reason(run: Run, daemon: CannedDaemon) -> None:
    said = run("dedupe", "show", "3").out
    assert "  1.5K  keep       /data/photos/a.jpg  (the oldest)\n" in said
    assert re.search(r"drop       \$'/data/photos/\\e.*'  \(/data/photos/a.jpg stays\)", said)
    assert r"drop       $'/data/photos/caf\xe9.jpg'  (decided by hand; /data/photos/a.jpg stays)" in said
    assert "Plan 3: 412 files would go to the trash" in said
    assert re.search(r"Run 5 of it, 2024-01-01 .*: 412 files done, 1 left\.\nDo it: sanchayctl dedupe run 3", said)
    only = run("dedupe", "show", "3", "--undecided").out
    assert "/data/0  (no rule tells the copies apart)" in only
    assert "a.jpg" not in only


def test_a_group_that_goes_on_in_the_next_page_is_one(run: Run, daemon: CannedDaemon) -> None:
    document = run("--json", "dedupe", "show", "3").document
    assert [len(group["copies"]) for group in document["rows"]] == [3, 2]
    assert document["rows"][0]["copies"][2]["path_bytes"]
    assert document["rows"][0]["copies"][2]["kept"] == {"path": "/data/photos/a.jpg"}
    assert (document["plan"], document["version"]) == (3, 2)


def test_a_sheet_of_a_plan_has_exact_bytes(
    run: Run, daemon: CannedDaemon, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    from sanchayctl.main import main

    assert main(["dedupe", "show", "3", "--format", "csv"]) == 0
    text = capfdbinary.readouterr().out.decode("utf-8", "surrogateescape")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [os.fsencode(row["path"]) for row in rows[:3]] == [canned.PLAIN, canned.HOSTILE, canned.NOT_UTF8]
    assert (rows[1]["kept"], rows[1]["decision"], rows[1]["reason"]) == ("/data/photos/a.jpg", "drop", "copy-of-kept")
    assert rows[0]["hash"] == canned_dedupe.HASH.hex()


def test_what_stays_is_decided_before_what_goes(run: Run, daemon: CannedDaemon) -> None:
    run("dedupe", "edit", "3", "--drop", "/a", "--undecided", "/c", "--keep", "/b")
    edits = [(request.path.raw, request.decision) for request in daemon.asked("EditPlan")]
    assert edits == [(b"/b", "keep"), (b"/c", "undecided"), (b"/a", "drop")]


def test_a_group_is_shown_by_its_number_and_decided_at_once(run: Run, daemon: CannedDaemon) -> None:
    document = run("--json", "dedupe", "show", "3", "--group", "1").document
    assert daemon.asked("ListPlanGroups")[0].first_group == 1
    assert len(document["rows"]) == 1
    assert run("dedupe", "show", "3", "--group", "392").code == 2
    assert run("dedupe", "show", "3", "--group", "1", "--undecided").code == 2

    assert run("dedupe", "edit", "3", "--group", "17", "--keep", "/b", "--rest", "drop").code == 0
    (request,) = daemon.asked("DecidePlanGroup")
    assert (request.id, request.number, [path.raw for path in request.keep], request.rest) == (3, 17, [b"/b"], "drop")
    assert run("dedupe", "edit", "3", "--keep", "/b", "--rest", "drop").code == 2
    daemon.answers["DecidePlanGroup"] = errors.LastCopy("The last copy of a group cannot go.")
    refused = run("--json", "dedupe", "edit", "3", "--group", "17", "--rest", "drop")
    assert refused.code == 1
    assert '"kind": "last_copy"' in refused.err


def test_plans_are_listed_with_what_was_asked(run: Run, daemon: CannedDaemon) -> None:
    listed = run("dedupe", "plans").out
    assert "--under '/data/my photos' --prefer oldest --ext jpg --everywhere" in listed
    daemon.answers["ListPlans"] = dedupe_pb2.ListPlansResponse()
    assert "No plan yet. Make one with: sanchayctl dedupe plan" in run("dedupe", "plans").out


# ---- Runs ----


@pytest.mark.parametrize("action", ["trash", "hardlink"])
def test_a_run_says_what_it_did_and_how_it_is_taken_back(
    run: Run, daemon: CannedDaemon, ends: Ended, action: str
) -> None:
    ends(run_job(action=action))
    ended = run("dedupe", "run", "3", "--yes", "--any-metadata", "--empty-folders")
    assert ended.code == 0
    first, last = ended.out.splitlines()
    assert (
        first
        == {
            "trash": "Moved 412 files to the trash in 2.5 s, which frees 1.5G once the trash is emptied.",
            "hardlink": "Made 412 files hard links of what stays in 2.5 s, which frees 1.5G.",
        }[action]
    )
    assert last == "Take it back: sanchayctl dedupe undo 5"
    (request,) = daemon.asked("StartRun")
    assert (request.plan, request.version, request.any_metadata, request.empty_folders) == (3, 2, True, True)


def test_the_document_of_a_run_has_its_keys_and_exit_3_says_that_files_were_left(
    run: Run, daemon: CannedDaemon, ends: Ended
) -> None:
    ends(run_job(state="partial", left=3))
    ended = run("--json", "dedupe", "run", "3", "--yes")
    assert ended.code == 3
    keys = {"run": 5, "acted": 412, "skipped": 3, "failed": 0, "freed_bytes": 3 << 29, "freed_when_emptied": True}
    assert {key: ended.document[key] for key in keys} == keys


@pytest.mark.parametrize("answer", [True, False, None])
def test_a_run_is_asked_for_at_a_terminal(
    run: Run, daemon: CannedDaemon, ends: Ended, monkeypatch: pytest.MonkeyPatch, answer: bool | None
) -> None:
    def confirm(text: str, *, err: bool) -> bool:
        assert (text, err) == ("Do it?", True)
        if answer is None:
            raise click.Abort
        return answer

    ends(run_job())
    monkeypatch.setattr("sanchayctl.output.is_terminal", lambda _stream: True)
    monkeypatch.setattr("click.confirm", confirm)
    ended = run("dedupe", "run", "3")
    assert "Plan 3: 412 files would go to the trash. That frees 1.5G once the trash is emptied." in ended.err
    assert "12 groups undecided" in ended.err
    assert ended.code == (0 if answer else 1)
    assert bool(daemon.asked("StartRun")) == bool(answer)
    assert ("Nothing was changed." in ended.err) != bool(answer)


def test_a_version_that_was_seen_is_the_one_that_is_run(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["StartRun"] = errors.PlanEdited("Plan 3 was edited since it was shown.")
    ended = run("dedupe", "run", "3", "--yes", "--if-version", "1")
    assert (ended.code, daemon.asked("StartRun")[0].version) == (1, 1)
    assert "was edited since it was shown" in ended.err


def test_a_daemon_that_ends_during_a_run_is_said_with_how_it_goes_on(
    run: Run, daemon: CannedDaemon, ends: Ended
) -> None:
    ends(run_job(state="running"))
    ended = run("dedupe", "run", "3", "--yes")
    assert ended.code == 69
    assert "it goes on when it is asked for again: sanchayctl dedupe run 3" in ended.err
    assert "asked for again." in run("job", "follow", "7").err


def test_taking_back_names_each_file_that_was_left(run: Run, daemon: CannedDaemon, ends: Ended) -> None:
    ends(undo_job(state="partial", left=1))
    ended = run("--json", "dedupe", "undo", "5", "/data/a")
    assert ended.code == 3
    assert (ended.document["restored"], ended.document["undone"]) == (412, 5)
    (left,) = ended.document["failed"]
    assert (left["reason"], bool(left["path_bytes"])) == ("denied", True)
    assert [path.raw for path in daemon.asked("StartUndo")[0].paths] == [b"/data/a"]
    ends(undo_job())
    assert run("dedupe", "undo", "5").out == "Took back 412 files of run 5 in 2.5 s.\n"
    assert run("--json", "dedupe", "undo", "5").document["failed"] == []


# ---- The journal, and copies that are wanted ----


@pytest.mark.usefixtures("people")
def test_the_journal_says_what_was_done(run: Run, daemon: CannedDaemon) -> None:
    listed = run("dedupe", "journal").out
    assert re.search(r"6 .*not yet +412 .*undo of run 5", listed)
    assert "trash, plan 3" in listed
    acts = run("dedupe", "journal", "5").out
    assert re.search(r"1.5K  done +\$'.*'  \(/data/photos/a.jpg stays\)", acts)
    assert "(permission denied: EACCES)" in acts
    left = run("dedupe", "journal", "5", "--left").out
    assert "denied" in left
    assert "done" not in left
    daemon.answers["ListJournalRuns"] = dedupe_pb2.ListJournalRunsResponse()
    assert run("dedupe", "journal").out == "No file was changed yet.\n"


def test_copies_are_named_by_a_hash_or_a_path(run: Run, daemon: CannedDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    hash_word = canned_dedupe.HASH.hex()
    for verb, call in (("ignore", "IgnoreCopies"), ("unignore", "UnignoreCopies")):
        for word in (hash_word, "a.jpg"):
            assert run("dedupe", verb, word).code == 0
        by_hash, by_path = daemon.asked(call)
        assert (by_hash.hash, by_hash.path.raw) == (canned_dedupe.HASH, b"")
        assert (by_path.hash, by_path.path.raw) == (b"", b"/a.jpg")
    assert f"sanchayctl dedupe unignore {hash_word}" in run("dedupe", "ignore", "a.jpg").out
    daemon.answers["UnignoreCopies"] = dedupe_pb2.UnignoreCopiesResponse()
    assert "were not ignored" in run("dedupe", "unignore", "a.jpg").out
    daemon.answers["ListIgnored"] = dedupe_pb2.ListIgnoredResponse()
    assert run("dedupe", "ignored").out == "No copies are ignored.\n"


def test_a_verb_of_the_noun_is_found_where_it_is_typed_by_itself(run: Run) -> None:
    assert "Did you mean sanchayctl dedupe undo?" in run("undo", "5").err
