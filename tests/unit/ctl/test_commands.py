"""Every command against a daemon of canned answers: what it asks, prints and returns."""

from __future__ import annotations

from pathlib import Path

import pytest

from sanchay import errors
from sanchay.v1 import catalog_pb2, job_pb2, root_pb2
from tests.support.canned_daemon import CannedDaemon
from tests.unit.ctl import canned
from tests.unit.ctl.conftest import Run

COMMANDS: list[tuple[list[str], int]] = [
    (["status"], 0),
    (["daemon", "start"], 0),
    (["root", "add", "/data/photos"], 0),
    (["root", "list"], 0),
    (["root", "update", "photos", "--hash", "none"], 0),
    (["root", "sync", "photos"], 0),
    (["root", "remove", "photos"], 0),
    (["scan"], 0),
    (["scan", "photos", "--detach"], 0),
    (["jobs"], 0),
    (["job", "show", "7"], 0),
    (["job", "follow", "7"], 0),
    (["job", "cancel", "7"], 0),
    (["job", "pause", "7"], 0),
    (["job", "resume", "7"], 0),
    (["duplicates"], 0),
    (["dedupe", "plan"], 0),
    (["dedupe", "show", "3"], 0),
    (["dedupe", "edit", "3", "--keep", "/data/photos/a.jpg"], 0),
    (["dedupe", "plans"], 0),
    (["dedupe", "forget", "3"], 0),
    (["dedupe", "journal"], 0),
    (["dedupe", "journal", "5"], 0),
    (["dedupe", "ignore", "/data/photos/a.jpg"], 0),
    (["dedupe", "ignored"], 0),
    (["dedupe", "unignore", "/data/photos/a.jpg"], 0),
    (["find", "ext:jpg"], 0),
    (["have", "/media/card"], 3),
    (["summary"], 0),
    (["schedule", "add", "big", "--every", "30d", "report", "size:>1G"], 0),
    (["schedule", "list"], 0),
    (["schedule", "show", "big"], 0),
    (["schedule", "run", "big"], 0),
    (["schedule", "history", "big"], 0),
    (["schedule", "enable", "big"], 0),
    (["schedule", "disable", "big"], 0),
    (["schedule", "remove", "big"], 0),
    (["report", "list"], 0),
    (["report", "show", "big"], 0),
    (["pause", "1h"], 0),
    (["resume"], 0),
    (["changes"], 0),
    (["growth"], 0),
    (["catalog", "check"], 3),
    (["du"], 0),
    (["config", "show"], 0),
    (["config", "path"], 0),
    (["completion", "bash"], 0),
]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(("arguments", "code"), COMMANDS, ids=[" ".join(arguments) for arguments, _ in COMMANDS])
def test_every_command_speaks_to_people(run: Run, daemon: CannedDaemon, arguments: list[str], code: int) -> None:
    ended = run(*arguments)
    assert ended.code == code
    assert ended.out.strip()
    assert not any(character in ended.out for character in "\x1b\t\r\u202e") or arguments[0] == "completion"
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(("arguments", "code"), COMMANDS, ids=[" ".join(arguments) for arguments, _ in COMMANDS])
def test_every_command_prints_one_json_document(
    run: Run, daemon: CannedDaemon, arguments: list[str], code: int
) -> None:
    before = run("--json", *arguments)
    behind = run(*arguments, "--json")
    assert (before.code, behind.code) == (code, code)
    assert before.document
    assert before.out == behind.out
    assert before.err == ""


def test_status_has_its_keys(run: Run, daemon: CannedDaemon) -> None:
    document = run("--json", "status").document
    assert {"pid", "version", "uptime_s", "rss_bytes", "catalog", "roots", "running"} <= document.keys()
    catalog = {"path", "files", "directories", "bytes", "db_bytes", "name_index_bytes", "name_index"}
    assert catalog <= document["catalog"].keys()
    assert document["roots"][0]["freshness"] == {"state": "scanned", "as_of": "2024-01-01T12:00:00Z"}
    assert {"id", "name", "path", "state", "freshness"} <= document["roots"][0].keys()


def test_status_is_watched_until_ctrl_c(run: Run, daemon: CannedDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    class SeenEnoughError(Exception):
        """What Ctrl-C is to a person."""

    waits = iter([0.5, 0.5])

    def sleep(seconds: float) -> None:
        if next(waits, None) != seconds:
            raise SeenEnoughError

    monkeypatch.setattr("sanchayctl.commands.status.time.sleep", sleep)
    with pytest.raises(SeenEnoughError):
        run("status", "--watch", "--interval", "0.5")
    assert len(daemon.asked("GetStatus")) == 3


@pytest.mark.parametrize(
    ("change", "when"),
    [
        ("--watch poll", "This counts at once."),
        ("--name x", "This counts at once."),
        ("--skip-hidden", "This counts from its next scan: sanchayctl scan 1"),
        ("--exclude *.tmp --watch events", "This counts at once: the folder is compared in the background."),
        ("--expect-unreadable /x", "It is scanned in the background."),
    ],
)
def test_root_update_says_when_it_counts(run: Run, daemon: CannedDaemon, change: str, when: str) -> None:
    root = canned.root()
    root.live.mode = "events" if "events" in change else "off"
    daemon.answers["UpdateRoot"] = root_pb2.UpdateRootResponse(root=root)
    assert when in run("root", "update", "photos", *change.split()).out


def test_status_says_what_hurts(run: Run, daemon: CannedDaemon) -> None:
    status = canned.status()
    status.catalog.message = "the disk is full"
    status.config_error = "line 3: no such key"
    status.notices.append("Watches ran out.")
    del status.roots[:]
    daemon.answers["GetStatus"] = status
    said = run("status").out
    for words in ("the disk is full", "line 3: no such key", "Watches ran out.", "No folder is cataloged", "1 job"):
        assert words in said
    # The daemon gives the catalog's message among the notices too; it is said once.
    status.notices.append(status.catalog.message)
    assert run("status").out.count("the disk is full") == 1


def test_root_add_sends_every_setting(
    run: Run, daemon: CannedDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = "root add sub/../pics --name p --hash duplicates --algorithm sha256 --exclude *.tmp --exclude .cache/"
    arguments += " --one-file-system --skip-hidden --watch poll --poll-interval 1.5h"
    document = run("--json", *arguments.split()).document
    assert document["job_id"] == 7
    assert document["notices"] == ["It lies inside the root data."]
    (request,) = daemon.asked("AddRoot")
    assert request.path.raw == str(tmp_path / "pics").encode()
    assert request.name == "p"
    settings = root_pb2.RootSettings(
        hash=root_pb2.HASH_DUPLICATES,
        algorithm=root_pb2.SHA256,
        exclude=["*.tmp", ".cache/"],
        one_file_system=True,
        skip_hidden=True,
        watch=root_pb2.WATCH_POLL,
        poll_s=5400,
    )
    assert request.settings == settings


def test_a_root_that_is_there_already_is_said(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["AddRoot"] = root_pb2.AddRootResponse(root=canned.root(), existed=True)
    ended = run("root", "add", "/data/photos")
    assert ended.code == 0
    assert "was a root already" in ended.out


def test_several_folders_are_added_at_once(run: Run, daemon: CannedDaemon) -> None:
    assert run("root", "add", "/data/a", "/data/b").code == 0
    assert [request.path.raw for request in daemon.asked("AddRoot")] == [b"/data/a", b"/data/b"]
    assert len(run("--json", "root", "add", "/data/a", "/data/b").document["added"]) == 2
    refused = run("root", "add", "/data/a", "/data/b", "--name", "x")
    assert refused.code == 2
    assert "--name is for one folder" in refused.err


def test_root_update_sends_only_what_was_named(run: Run, daemon: CannedDaemon) -> None:
    assert run("root", "update", "photos", "--no-exclude", "--exclude", "*.bak", "--no-skip-hidden").code == 0
    (request,) = daemon.asked("UpdateRoot")
    assert request.root == b"photos"
    assert list(request.exclude) == ["*.bak"]
    assert request.replace_exclude
    assert request.HasField("skip_hidden")
    assert not request.skip_hidden
    assert not request.HasField("hash")
    assert not request.HasField("one_file_system")
    assert not request.HasField("watch")
    assert not request.HasField("poll_s")
    assert run("root", "update", "photos").code == 2


def test_scan_has_its_keys_and_sums_several_roots(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["StartScan"] = job_pb2.StartScanResponse(jobs=[canned.job(1, "queued"), canned.job(2, "queued")])
    daemon.answers["FollowJob"] = lambda request: iter(
        [
            job_pb2.FollowJobResponse(
                job=canned.job(request.id, "partial" if request.id == 2 else "done", request.id - 1)
            )
        ]
    )
    ended = run("--json", "scan", "photos", "music")
    assert ended.code == 3
    document = ended.document
    assert document["state"] == "partial"
    assert document["files"] == 2000
    assert document["errors"] == 1
    assert document["duration_s"] == 2.5  # side by side
    assert document["files_per_s"] == 800
    assert document["peak_rss_bytes"] == 100 << 20
    assert document["job_ids"] == [1, 2]
    keys = "state files directories bytes hashed_files hashed_bytes added changed removed errors duration_s files_per_s"
    assert {*keys.split(), "peak_rss_bytes"} <= document.keys()
    assert [list(request.roots) for request in daemon.asked("StartScan")] == [[b"photos", b"music"]]


def test_scan_tells_people_what_it_could_not_read(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["FollowJob"] = lambda request: iter(
        [job_pb2.FollowJobResponse(job=canned.job(request.id, "partial", errors=9))]
    )
    daemon.answers["GetJob"] = job_pb2.GetJobResponse(job=canned.job(errors=9, state="partial"))
    ended = run("scan")
    assert ended.code == 3
    assert "1,000 files in 20 folders, 1.0G" in ended.out
    assert "9 could not be read" in ended.out
    assert ended.out.count("Permission denied") == 5
    assert "sanchayctl job show 7" in ended.out
    for words in ("3 symlinks", "2 FIFOs", "4 entries left out", "5 mounted file systems", "1 file that changed"):
        assert words in ended.out
    assert ended.err == ""


@pytest.mark.parametrize(("state", "code"), [("done", 0), ("partial", 3), ("failed", 1), ("cancelled", 1)])
def test_scan_ends_as_its_job(run: Run, daemon: CannedDaemon, state: str, code: int) -> None:
    daemon.answers["FollowJob"] = lambda request: iter([job_pb2.FollowJobResponse(job=canned.job(request.id, state))])
    assert run("scan").code == code
    assert run("--json", "scan").document["state"] == state
    assert run("job", "follow", "7").code == code


def test_scan_without_roots_says_what_to_do(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["StartScan"] = job_pb2.StartScanResponse()
    ended = run("scan")
    assert ended.code == 1
    assert "sanchayctl scan FOLDER" in ended.err


def test_a_word_that_is_neither_root_nor_folder_is_said(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["StartScan"] = errors.RootNotFound("No root is called 'nowhere'.")
    ended = run("scan", "nowhere")
    assert (ended.code, ended.err) == (
        1,
        "sanchayctl: No root is called 'nowhere'. There is no such folder here, either.\n",
    )


def test_a_daemon_that_ends_during_a_scan_is_said(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["FollowJob"] = lambda request: iter(
        [job_pb2.FollowJobResponse(job=canned.job(request.id, "running"))]
    )
    ended = run("scan")
    assert ended.code == 69
    assert "goes on when the daemon is started again" in ended.err
    daemon.answers["FollowJob"] = errors.ShuttingDown("The daemon is stopping.")
    assert run("--json", "scan").error["kind"] == "daemon_unavailable"


def test_a_bare_word_is_a_root_before_it_is_a_folder(
    run: Run, daemon: CannedDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "music").mkdir()
    run("scan", "photos", "music", "./photos", "1", "nothing")
    (request,) = daemon.asked("StartScan")
    here = str(tmp_path).encode()
    assert list(request.roots) == [b"photos", here + b"/music", here + b"/photos", b"1", b"nothing"]


def test_jobs_and_one_with_its_errors(run: Run, daemon: CannedDaemon) -> None:
    listed = run("--json", "jobs", "--active", "--limit", "1").document["jobs"]
    assert [job["id"] for job in listed] == [8]
    assert daemon.asked("ListJobs")[0].active_only
    shown = run("--json", "job", "show", "7").document
    assert shown["errors"] == 2
    assert shown["error_list"][0]["path_bytes"]
    assert shown["roots"] == [{"id": 1, "name": "photos"}]
    daemon.answers["GetJob"] = job_pb2.GetJobResponse(job=canned.job(state="running", errors=101))
    text = run("job", "show", "7").out
    assert "Hashing 42%" in text
    assert "1 more, which were counted but not kept" in text
    daemon.answers["ListJobs"] = job_pb2.ListJobsResponse()
    assert "No job is under way" in run("jobs", "--active").out


def test_a_job_that_is_held_is_not_said_to_run(run: Run, daemon: CannedDaemon) -> None:
    held = canned.job(state="running")
    held.message = "work in the background is paused"
    daemon.answers["ListJobs"] = job_pb2.ListJobsResponse(jobs=[held])
    text = run("jobs").out
    assert "Job 7 is held: work in the background is paused." in text
    assert "running" not in text
    daemon.answers["GetJob"] = job_pb2.GetJobResponse(job=held)
    assert run("job", "show", "7").out.count("held: work in the background is paused") == 1
    document = run("--json", "job", "show", "7").document
    assert (document["state"], document["message"]) == ("running", held.message)


def test_duplicates_has_its_keys(run: Run, daemon: CannedDaemon) -> None:
    document = run("--json", "duplicates").document
    totals = {
        "total_groups",
        "total_redundant_files",
        "total_reclaimable_bytes",
        "total_freed_bytes",
        "ignored_groups",
        "not_compared",
        "freshness",
    }
    assert document.keys() == {"groups"} | totals
    group = document["groups"][0]
    assert {"size", "hash", "copies", "reclaimable_bytes", "freed_bytes", "paths"} <= group.keys()
    assert group["hash"] == bytes(range(32)).hex()
    assert group["paths"][1]["path"] == canned.HOSTILE.decode()
    assert "path_bytes" not in group["paths"][1]
    assert group["paths"][2]["path_bytes"] == "L2RhdGEvcGhvdG9zL2NhZukuanBn"


def test_duplicates_sends_every_filter(run: Run, daemon: CannedDaemon) -> None:
    arguments = (
        "duplicates --under /data/x/.. --min-size 1.5K --ext .jpg,png --ext gif --type image --sort size --limit 3"
    )
    assert run(*arguments.split()).code == 0
    (request,) = daemon.asked("Duplicates")
    assert request.under.raw == b"/data"
    assert request.min_size == 1536
    assert list(request.extensions) == ["jpg", "png", "gif"]
    assert list(request.types) == ["image"]
    assert (request.sort, request.page.limit) == ("size", 3)
    assert not request.with_ignored
    assert run("duplicates", "--min-size", "lots").code == 2


@pytest.mark.usefixtures("people")
def test_duplicates_all_pages_through_everything(run: Run, daemon: CannedDaemon) -> None:
    def pages(request: catalog_pb2.DuplicatesRequest) -> catalog_pb2.DuplicatesResponse:
        number = int(request.page.page_token or 0)
        return canned.duplicates(canned.group(size=number), token=str(number + 1) if number < 4 else "", total=5)

    daemon.answers["Duplicates"] = pages
    document = run("--json", "duplicates", "--all").document
    assert [group["size"] for group in document["groups"]] == [0, 1, 2, 3, 4]
    assert document["total_groups"] == 5
    assert len(run("--json", "duplicates", "--limit", "2").document["groups"]) == 2
    assert "2 groups shown" in run("duplicates", "--limit", "2").out


@pytest.mark.usefixtures("people")
def test_duplicates_of_nothing(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["Duplicates"] = catalog_pb2.DuplicatesResponse(freshness=canned.freshness("NEVER_SCANNED"))
    assert run("--json", "duplicates").document["groups"] == []
    ended = run("duplicates")
    assert ended.out == "No duplicates.\n"
    assert "Nothing has been scanned yet" in ended.err


@pytest.mark.usefixtures("people")
def test_ignored_groups_are_said_to_be_left_out_and_shown_on_request(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["Duplicates"] = catalog_pb2.DuplicatesResponse(ignored_groups=2)
    assert run("duplicates").out == "No duplicates.\n2 ignored groups left out; shown with --ignored.\n"
    run("duplicates", "--ignored")
    assert [request.with_ignored for request in daemon.asked("Duplicates")] == [False, True]


@pytest.mark.usefixtures("people")
def test_a_long_group_is_cut_for_people_only(run: Run, daemon: CannedDaemon) -> None:
    many = canned.group(*[f"/data/{number}".encode() for number in range(30)])
    daemon.answers["Duplicates"] = canned.duplicates(many, total=1)
    assert "… and 10 more" in run("duplicates").out
    assert "more" not in run("duplicates", "--all").out
    assert len(run("--json", "duplicates").document["groups"][0]["paths"]) == 30


def test_find_has_its_keys(run: Run, daemon: CannedDaemon) -> None:
    document = run("--json", "find", "ext:jpg").document
    row = document["rows"][0]
    keys = "path size allocated modified created type extension hash algorithm hash_state links owner root_id inode"
    assert row.keys() == set(keys.split())
    assert row["modified"] == "2024-01-01T12:00:00.000000123Z"
    assert row["created"] == "1969-12-31T23:59:59Z"
    assert document["total"] == 3


@pytest.mark.usefixtures("people")
def test_find_pages_up_to_its_limit(run: Run, daemon: CannedDaemon) -> None:
    def pages(request: catalog_pb2.FindRequest) -> catalog_pb2.FindResponse:
        page = canned.find(*[canned.file_row() for _ in range(request.page.limit)], total=5000)
        page.next_page_token = "more"
        return page

    daemon.answers["Find"] = pages
    ended = run("find", "a", "--sort", "-size", "--limit", "1500")
    assert [request.page.limit for request in daemon.asked("Find")] == [1000, 500]
    assert daemon.asked("Find")[0].sort == "-size"
    assert "5,000 files" in ended.out
    assert "The first 1,500 are shown" in ended.out


@pytest.mark.usefixtures("people")
def test_find_of_nothing_is_no_failure(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["Find"] = catalog_pb2.FindResponse(total=0, freshness=canned.freshness())
    assert run("find", "x").out == "No file matches.\n"
    ended = run("--json", "find", "x")
    assert (ended.code, ended.document["rows"], ended.document["total"]) == (0, [], 0)
    daemon.answers["Find"] = catalog_pb2.FindResponse(rows=[canned.file_row()], total=1)
    assert run("find", "x").out.endswith("\n1 file.\n")
    assert run("--json", "find", "x").document["total_bytes"] is None
    daemon.answers["Find"] = catalog_pb2.FindResponse(rows=[canned.file_row()], total_at_least=10)
    assert "At least 10 files" in run("find", "x").out
    assert run("--json", "find", "x").document["total"] is None


def test_a_bad_term_is_pointed_at(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["Find"] = errors.InvalidQuery("size:>1X is no size.", term="size:>1X", position=8)
    ended = run("find", "ext:jpg", "size:>1X")
    assert ended.code == 2
    assert ended.err == "sanchayctl: size:>1X is no size.\n    ext:jpg size:>1X\n            ^\n"
    error = run("--json", "find", "ext:jpg", "size:>1X").error
    assert (error["kind"], error["term"], error["position"]) == ("invalid_query", "size:>1X", 8)


@pytest.mark.usefixtures("people")
def test_summary_and_du(run: Run, daemon: CannedDaemon) -> None:
    assert run("--json", "summary", "--by", "ext").document["rows"][0] == {
        "key": "video",
        "files": 10,
        "bytes": 4 << 30,
    }
    assert daemon.asked("Summary")[0].by == "ext"
    text = run("summary").out
    assert "video     10  4.0G  ████████████████████" in text
    assert "image  1,000  1.0G  █████···············" in text
    usage = run("--json", "du", "/data", "--depth", "2").document
    assert usage["truncated"]
    assert usage["rows"][1]["path"] == canned.HOSTILE.decode()
    assert daemon.asked("DiskUsage")[0].depth == 2
    ended = run("du")
    assert "There are more than these 2" in ended.out
    assert "Hard links" not in ended.out
    assert "2 folders could not be read" in ended.err
    daemon.answers["DiskUsage"] = catalog_pb2.DiskUsageResponse()
    assert "Nothing is cataloged yet" in run("du").out


def test_owners_have_names(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["Summary"] = catalog_pb2.SummaryResponse(
        rows=[catalog_pb2.SummaryRow(key=key) for key in ("0", "4000000000", "strange")]
    )
    text = run("summary", "--by", "owner").out
    assert "root (0)" in text
    assert "4000000000" in text
    assert "strange" in text
    assert "(none)" not in text
    daemon.answers["Summary"] = catalog_pb2.SummaryResponse(rows=[catalog_pb2.SummaryRow(key="")] * 50)
    text = run("summary", "--by", "ext").out
    assert "(none)" in text
    assert "10 smaller rows are left out" in text


def test_config_show_and_path(run: Run, daemon: CannedDaemon) -> None:
    document = run("--json", "config", "show").document
    (setting,) = document["settings"]
    assert (setting["key"], setting["value"], setting["origin"]) == ("log_level", '"info"', "default")
    assert "log_level" in run("config", "show").out
    assert run("--json", "config", "path").document["config"] == str(daemon.where.config_file)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_the_program(run: Run, shell: str) -> None:
    assert "_SANCHAYCTL_COMPLETE" in run("completion", shell).out
    assert run("completion", "tcsh").code == 2


def test_pause_and_resume_say_how_it_stands(run: Run, daemon: CannedDaemon) -> None:
    assert run("pause", "1h", "--json").document == {
        "background": {"state": "paused", "until": "1970-01-01T01:00:00Z", "max_mb_per_s": 0.0}
    }
    assert "until" in run("pause", "1h").out
    assert "sanchayctl resume" in run("pause").out
    assert "goes on" in run("resume").out
    assert run("pause", "soon").code == 2
    assert run("pause", "0s").code == 2
