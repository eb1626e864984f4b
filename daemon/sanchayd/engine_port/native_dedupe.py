"""The engine as a `DedupePort`."""

from __future__ import annotations

import os
from collections.abc import Sequence

import sanchay_engine
from sanchayd.engine_port import dedupe_values as values
from sanchayd.engine_port.dedupe import ActPort
from sanchayd.engine_port.translated import translated


class NativeActing:
    """An `ActPort` over the engine's run."""

    def __init__(self, acting: sanchay_engine.Acting) -> None:
        self._acting = acting
        self.progress = acting.progress
        self.pause = acting.pause
        self.resume = acting.resume
        self.cancel = acting.cancel
        self.foreground = acting.foreground

    def wait(self) -> values.ActResult:
        """Blocks, with the GIL free, until the end."""
        with translated():
            while True:
                result = self._acting.wait(None)
                if result is not None:
                    return result


class NativeDedupe:
    """The part of `NativeCatalog` that clears copies."""

    _catalog: sanchay_engine.Catalog

    @property
    def _dedupe(self) -> sanchay_engine.Dedupe:
        return sanchay_engine.Dedupe(self._catalog)

    def make_plan(
        self,
        *,
        under: bytes | None,
        min_size: int,
        extensions: Sequence[str],
        types: Sequence[str],
        drop: str | None,
        keep: str | None,
        prefer: Sequence[str],
        isolate: Sequence[bytes],
        min_copies: int,
        min_devices: int,
        one_of_each_name: bool,
        everywhere: bool,
        action: str,
        asked: str,
        time_zone: str = "",
        keep_in: Sequence[bytes] = (),
        drop_in: Sequence[bytes] = (),
    ) -> values.Plan:
        """Decides which copies go, and keeps it."""
        with translated():
            return self._dedupe.make_plan(
                under=under,
                min_size=min_size,
                extensions=extensions,
                types=types,
                drop=drop,
                keep=keep,
                prefer=[os.fsencode(rule) for rule in prefer],
                isolate=isolate,
                min_copies=min_copies,
                min_devices=min_devices,
                one_of_each_name=one_of_each_name,
                everywhere=everywhere,
                action=action,
                asked=asked,
                time_zone=time_zone,
                keep_in=keep_in,
                drop_in=drop_in,
            )

    def plans(self) -> Sequence[values.Plan]:
        """All plans, newest first."""
        with translated():
            return self._dedupe.plans()

    def plan(self, plan_id: int) -> values.Plan:
        """One plan."""
        with translated():
            return self._dedupe.plan(plan_id)

    def plan_groups(
        self, plan_id: int, *, token: str, first_group: int = 0, limit: int, max_bytes: int | None
    ) -> values.PlanPage:
        """A page of a plan's groups."""
        with translated():
            return self._dedupe.plan_groups(
                plan_id, token=token, first_group=first_group, limit=limit, max_bytes=max_bytes
            )

    def plan_group(
        self,
        plan_id: int,
        *,
        number: int | None = None,
        hash_bytes: bytes | None = None,
        undecided_after: int | None = None,
        wraps: bool = False,
        limit: int,
        max_bytes: int | None,
    ) -> values.FoundGroup:
        """A group of a plan."""
        with translated():
            return self._dedupe.plan_group(
                plan_id,
                number=number,
                hash_bytes=hash_bytes,
                undecided_after=undecided_after,
                wraps=wraps,
                limit=limit,
                max_bytes=max_bytes,
            )

    def plan_group_states(self, plan_id: int, hashes: Sequence[bytes]) -> Sequence[values.GroupState | None]:
        """How groups of a plan stand."""
        with translated():
            return self._dedupe.plan_group_states(plan_id, hashes)

    def edit_plan(self, plan_id: int, path: bytes, decision: str) -> values.Plan:
        """Decides a copy again."""
        with translated():
            return self._dedupe.edit_plan(plan_id, path, decision)

    def decide_group(
        self,
        plan_id: int,
        number: int,
        *,
        keep: Sequence[bytes],
        drop: Sequence[bytes],
        undecided: Sequence[bytes],
        rest: str | None,
    ) -> values.Plan:
        """Decides a group."""
        with translated():
            return self._dedupe.decide_group(plan_id, number, keep=keep, drop=drop, undecided=undecided, rest=rest)

    def forget_plan(self, plan_id: int) -> None:
        """Forgets a plan."""
        with translated():
            self._dedupe.forget_plan(plan_id)

    def ignore_copies(self, *, hash_bytes: bytes | None, path: bytes | None) -> values.IgnoredGroup:
        """The copies of this content, or of this file, are wanted."""
        with translated():
            return self._dedupe.ignore_copies(hash_bytes=hash_bytes, path=path)

    def ignored(self) -> Sequence[values.IgnoredGroup]:
        """Every group whose copies are wanted."""
        with translated():
            return self._dedupe.ignored()

    def unignore_copies(self, *, hash_bytes: bytes | None, path: bytes | None) -> bool:
        """They are no longer."""
        with translated():
            return self._dedupe.unignore_copies(hash_bytes=hash_bytes, path=path)

    def start_run(
        self,
        plan_id: int,
        version: int,
        *,
        any_metadata: bool,
        empty_folders: bool,
        background: bool,
        request_id: str = "",
    ) -> ActPort:
        """Does what this version of the plan says."""
        with translated():
            acting = self._dedupe.start_run(
                plan_id,
                version,
                any_metadata=any_metadata,
                empty_folders=empty_folders,
                background=background,
                request_id=request_id,
            )
        return NativeActing(acting)

    def start_undo(self, run_id: int, paths: Sequence[bytes], *, background: bool, request_id: str = "") -> ActPort:
        """Takes back what a run did."""
        with translated():
            acting = self._dedupe.start_undo(run_id, paths, background=background, request_id=request_id)
        return NativeActing(acting)

    def start_repair(self, finding_id: int, *, background: bool, request_id: str = "") -> ActPort:
        """Repairs a damaged file."""
        with translated():
            acting = self._dedupe.start_repair(finding_id, background=background, request_id=request_id)
        return NativeActing(acting)

    def runs(self) -> Sequence[values.JournalRun]:
        """Every run, newest first."""
        with translated():
            return self._dedupe.runs()

    def acts(self, run_id: int, *, token: str, limit: int, max_bytes: int | None) -> values.ActPage:
        """A page of what became of each file of a run."""
        with translated():
            return self._dedupe.acts(run_id, token=token, limit=limit, max_bytes=max_bytes)
