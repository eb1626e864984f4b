"""The engine as a `DedupePort`. An engine that has no such calls yet is said to be older."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import sanchay_engine
from sanchay.errors import Unsupported
from sanchayd.engine_port import dedupe_values as values
from sanchayd.engine_port.dedupe import ActPort, DedupePort
from sanchayd.engine_port.translated import translated


class NativeDedupe:
    """The part of `NativeCatalog` that clears copies."""

    _catalog: sanchay_engine.Catalog

    @property
    def _engine(self) -> DedupePort:
        if not hasattr(self._catalog, "make_plan"):
            raise Unsupported("The engine that is installed cannot clear copies; build it again.")
        return cast("DedupePort", self._catalog)

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
    ) -> values.Plan:
        """Decides which copies go, and keeps it."""
        with translated():
            return self._engine.make_plan(
                under=under,
                min_size=min_size,
                extensions=extensions,
                types=types,
                drop=drop,
                keep=keep,
                prefer=prefer,
                isolate=isolate,
                min_copies=min_copies,
                min_devices=min_devices,
                one_of_each_name=one_of_each_name,
                everywhere=everywhere,
                action=action,
                asked=asked,
                time_zone=time_zone,
            )

    def plans(self) -> Sequence[values.Plan]:
        """All plans, newest first."""
        with translated():
            return self._engine.plans()

    def plan(self, plan_id: int) -> values.Plan:
        """One plan."""
        with translated():
            return self._engine.plan(plan_id)

    def plan_groups(self, plan_id: int, *, token: str, limit: int, max_bytes: int | None) -> values.PlanPage:
        """A page of a plan's groups."""
        with translated():
            return self._engine.plan_groups(plan_id, token=token, limit=limit, max_bytes=max_bytes)

    def edit_plan(self, plan_id: int, path: bytes, decision: str) -> values.Plan:
        """Decides a copy again."""
        with translated():
            return self._engine.edit_plan(plan_id, path, decision)

    def forget_plan(self, plan_id: int) -> None:
        """Forgets a plan."""
        with translated():
            self._engine.forget_plan(plan_id)

    def ignore_copies(self, *, hash_bytes: bytes | None, path: bytes | None) -> values.IgnoredGroup:
        """The copies of this content, or of this file, are wanted."""
        with translated():
            return self._engine.ignore_copies(hash_bytes=hash_bytes, path=path)

    def ignored(self) -> Sequence[values.IgnoredGroup]:
        """Every group whose copies are wanted."""
        with translated():
            return self._engine.ignored()

    def unignore_copies(self, *, hash_bytes: bytes | None, path: bytes | None) -> bool:
        """They are no longer."""
        with translated():
            return self._engine.unignore_copies(hash_bytes=hash_bytes, path=path)

    def start_run(
        self, plan_id: int, version: int, *, any_metadata: bool, empty_folders: bool, background: bool
    ) -> ActPort:
        """Does what this version of the plan says."""
        with translated():
            return self._engine.start_run(
                plan_id, version, any_metadata=any_metadata, empty_folders=empty_folders, background=background
            )

    def start_undo(self, run_id: int, paths: Sequence[bytes], *, background: bool) -> ActPort:
        """Takes back what a run did."""
        with translated():
            return self._engine.start_undo(run_id, paths, background=background)

    def runs(self) -> Sequence[values.JournalRun]:
        """Every run, newest first."""
        with translated():
            return self._engine.runs()

    def acts(self, run_id: int, *, token: str, limit: int, max_bytes: int | None) -> values.ActPage:
        """A page of what became of each file of a run."""
        with translated():
            return self._engine.acts(run_id, token=token, limit=limit, max_bytes=max_bytes)
