"""A tree whose copies are cleared, and what must hold whatever happens to a run or to an undo in the middle of it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from sanchay.client import Client
from tests.support.answers import differences, everything, finished, scan
from tests.support.daemon import PATIENCE_S
from tests.support.program import until

ACTIONS = ("trash", "hardlink", "symlink", "delete")
OUR_NAME = b".sanchay-"
INFO_ENDING = b".trashinfo"


class Standing(NamedTuple):
    """All of a file that must be as before: its content (of a link its target), mode, owner and time."""

    content: bytes
    mode: int
    owner: int
    group: int
    modified_ns: int


def standing(path: bytes) -> Standing:
    """What stands under a name: a regular file, a link, or anything else by its kind alone."""
    info = os.lstat(path)
    if stat.S_ISREG(info.st_mode):
        with open(path, "rb") as file:
            content = digest(file)
    else:
        content = os.readlink(path) if stat.S_ISLNK(info.st_mode) else b""
    return Standing(content, info.st_mode, info.st_uid, info.st_gid, info.st_mtime_ns)


def digest(file: Any) -> bytes:
    """The hash of an open file, a piece at a time."""
    hashed = hashlib.sha256()
    while piece := file.read(1 << 20):
        hashed.update(piece)
    return hashed.digest()


def listing(top: bytes) -> dict[bytes, Standing]:
    """Every name below a folder that is not a folder."""
    found = {}
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            found[path] = standing(path)
    links = (os.path.join(folder, name) for folder, names, _ in os.walk(top) for name in names)
    return found | {path: standing(path) for path in links if os.path.islink(path)}


class Clearing:
    """A tree and the trashes that its copies may go to; what was in it before is the oracle."""

    def __init__(self, tree: Path, *trashes: Path) -> None:
        self.tree = os.fsencode(tree)
        self.trashes = [os.fsencode(trash) for trash in trashes]
        self.before = listing(self.tree)
        #: What goes by the plan, each with the file that stays for it.
        self.going: dict[bytes, bytes] = {}
        self._known: dict[str, Any] = {}
        self.action = ""
        self.plan: Any = None

    # ---- What is asked of the daemon ----

    def make_plan(self, client: Client, action: str, **rules: Any) -> Any:
        """A plan of the whole tree, which is in the catalog first."""
        scan(client, self.tree)
        self._sync(client)
        self._known = everything(client)
        self.action = action
        self.plan = client.make_plan(under=self.tree, action=action, **rules).plan
        groups = client.iter_plan_groups(self.plan.id)
        copies = [copy for group in groups for copy in group.copies]
        self.going = {copy.path.raw: copy.kept.raw for copy in copies if copy.decision == "drop"}
        assert len(self.going) == self.plan.files > 0
        return self.plan

    def start_run(self, client: Client) -> int:
        """Starts to do what the plan says; the job's id."""
        return client.start_run(self.plan.id, self.plan.version, any_metadata=True).job_id

    def run(self, client: Client) -> Any:
        """Does what the plan says, to the end."""
        return finished(client, self.start_run(client))

    def runs_to_undo(self, client: Client) -> list[int]:
        """The runs that are not taken back, the newest first."""
        runs = [run.id for run in client.list_journal_runs().runs if run.kind == "dedupe"]
        return [run for run in runs if any(act.state == "done" for act in client.iter_acts(run))]

    def undo(self, client: Client) -> list[Any]:
        """Takes back every run; the jobs, ended."""
        return [finished(client, client.start_undo(run).job_id) for run in self.runs_to_undo(client)]

    # ---- What must hold ----

    def assert_nothing_lost(self) -> None:
        """Every content that was there is still there, in the tree or in a trash."""
        trashed = [listing(os.path.join(trash, b"files")) for trash in self.trashes]
        contents = {now.content for found in (listing(self.tree), *trashed) for now in found.values()}
        lost = [path for path, was in self.before.items() if was.content not in contents]
        assert not lost, f"{len(lost)} contents are lost: {lost[:5]}"

    def assert_settled(self, client: Client, changed: Collection[bytes] = ()) -> None:
        """The journal says what the disk says, nothing outside the plan changed, and nothing of ours is left over.

        `changed`: files that others changed.
        """
        until(lambda: not unsettled(client))
        self.assert_nothing_lost()
        now = listing(self.tree)
        ours = [path for path in now if OUR_NAME in os.path.basename(path)]
        assert not ours, f"names of ours are left: {ours}"
        assert_no_orphans(*self.trashes)
        done = self._done(client)
        assert done <= set(self.going)
        for path, was in self.before.items():
            if path in changed:
                continue
            if path in done:
                self._assert_gone(path)
            else:
                assert now.get(path) == was, f"{path!r} changed, and the journal has no act of it"

    def assert_as_before(self, client: Client, changed: Collection[bytes] = ()) -> None:
        """Everything stands as before, and neither the catalog nor a scan knows of any change."""
        now = listing(self.tree)
        differ = [path for path in {*now, *self.before} - {*changed} if now.get(path) != self.before.get(path)]
        assert not differ, [(path, now.get(path), self.before.get(path)) for path in differ[:5]]
        assert_no_orphans(*self.trashes)
        self._sync(client)
        result = scan(client, self.tree).result
        assert (result.added, result.changed, result.removed) == (0, 0, 0)
        if not changed:
            assert not differences(everything(client), self._known)

    def goes_on(self, client: Client) -> None:
        """A run that was broken off is settled, and goes on to its end when it is run again."""
        self.assert_settled(client)
        ran = self.run(client)
        assert (ran.state, ran.dedupe.skipped, ran.dedupe.failed) == ("done", 0, 0), said(client, ran)
        assert self._done(client) == set(self.going)
        self.assert_settled(client)

    def comes_back(self, client: Client) -> None:
        """What was done is taken back, and everything stands as before."""
        self.assert_settled(client)
        for undone in self.undo(client):
            assert (undone.state, undone.undo.skipped, undone.undo.failed) == ("done", 0, 0), said(client, undone)
        self.assert_as_before(client)

    def _sync(self, client: Client) -> None:
        until(lambda: client.sync_root(self.tree, timeout_s=PATIENCE_S).state == "done")

    def _done(self, client: Client) -> set[bytes]:
        """The files that are as the plan wants them, by the journal."""
        runs = [run.id for run in client.list_journal_runs().runs if run.kind == "dedupe"]
        return {act.path.raw for run in runs for act in client.iter_acts(run) if act.state == "done"}

    def _assert_gone(self, path: bytes) -> None:
        kept = self.going[path]
        if self.action == "hardlink":
            assert os.path.samestat(os.lstat(path), os.lstat(kept)), f"{path!r} is not a link of {kept!r}"
        elif self.action == "symlink":
            assert os.path.islink(path), f"{path!r} is no symlink"
            assert os.path.samefile(path, kept), f"{path!r} does not lead to {kept!r}"
        else:
            assert not os.path.lexists(path), f"{path!r} is still there"


def assert_no_orphans(*trashes: bytes) -> None:
    """Each file in a trash has its info file, and each info file its file."""
    for trash in trashes:
        files = names_in(os.path.join(trash, b"files"))
        infos = {name.removesuffix(INFO_ENDING) for name in names_in(os.path.join(trash, b"info"))}
        assert files == infos, f"orphans in {trash!r}: {sorted(files ^ infos)[:5]}"


def names_in(folder: bytes) -> set[bytes]:
    """The names in a folder; none where there is no folder."""
    return set(os.listdir(folder)) if os.path.isdir(folder) else set()


def unsettled(client: Client) -> list[Any]:
    """Runs of which the journal does not know the end of every act."""
    return [run for run in client.list_journal_runs().runs if not run.ended_ns]


def said(client: Client, job: Any) -> tuple[str, list[tuple[str, str, bytes]]]:
    """What a job tells of its failures."""
    return job.message, [(error.kind, error.message, error.path.raw) for error in client.get_job(job.id).job.errors[:5]]
