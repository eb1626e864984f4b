"""Between wire and domain nothing is lost: settings and changes go round, and every value has its field."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanchay.sentences import Sentence
from sanchay.v1 import catalog_pb2, common_pb2, dedupe_pb2, job_pb2, root_pb2
from sanchayd.catalog.freshness import Freshness, FreshnessState
from sanchayd.dedupe.acts import DedupeResult, UndoResult
from sanchayd.jobs.job import Job, JobError, JobProgress, JobRoot, JobState
from sanchayd.jobs.scan import ScanResult
from sanchayd.roots.root import HashAlgorithm, HashScope, RootSettings
from sanchayd.rpc.convert import catalog, common, job, root

SETTINGS = st.builds(
    RootSettings,
    hash=st.sampled_from(HashScope),
    algorithm=st.sampled_from(HashAlgorithm),
    exclude=st.lists(st.text(st.characters(exclude_categories=["Cs"]))).map(tuple),
    one_file_system=st.booleans(),
    skip_hidden=st.booleans(),
)


@given(SETTINGS)
def test_settings_go_round(settings: RootSettings) -> None:
    assert root.to_settings(root.from_settings(settings)) == settings


def test_unset_settings_are_the_defaults() -> None:
    assert root.to_settings(root_pb2.RootSettings()) == RootSettings()


def test_only_set_fields_are_a_change() -> None:
    change = root.to_change(root_pb2.UpdateRootRequest())
    assert change.apply(RootSettings(HashScope.NONE, exclude=("x",))) == RootSettings(HashScope.NONE, exclude=("x",))
    change = root.to_change(root_pb2.UpdateRootRequest(hash=root_pb2.HASH_ALL, skip_hidden=False, name="n"))
    assert change.name == "n"
    assert change.apply(RootSettings(HashScope.NONE, skip_hidden=True)) == RootSettings()


@given(st.binary())
def test_paths_keep_their_exact_bytes_beside_what_is_shown(raw: bytes) -> None:
    message = common_pb2.Path.FromString(common.path(raw).SerializeToString())
    assert message.raw == raw
    assert message.display == raw.decode("utf-8", "replace")


@pytest.mark.parametrize("state", FreshnessState)
def test_every_freshness_has_its_own_value(state: FreshnessState) -> None:
    message = common.freshness(Freshness(state, 5, Sentence.plain("why")))
    assert common_pb2.Freshness.State.Name(message.state) == state.name
    assert (message.as_of_ns, message.reason) == (5, "why")


def test_every_counter_of_a_job_reaches_the_wire() -> None:
    assert {field.name for field in fields(JobProgress)} - {"waits_for"} == set(
        job_pb2.Progress.DESCRIPTOR.fields_by_name
    )
    assert {field.name for field in fields(ScanResult)} == set(job_pb2.ScanResult.DESCRIPTOR.fields_by_name)
    result = ScanResult(*range(1, len(fields(ScanResult)) + 1))
    message = job.from_result(result)
    assert all(getattr(message, field.name) == getattr(result, field.name) for field in fields(ScanResult))


def test_what_a_run_came_to_reaches_the_wire_in_the_field_of_its_kind() -> None:
    ended = Job(1, "dedupe", (), JobState.PARTIAL, False, 1, result=DedupeResult(8, 1.5, 9, 7, 3, 5, 2, "trash", 4, 6))
    message = job.from_job(ended).dedupe
    assert (message.run, message.skipped, message.failed, message.plan) == (7, 3, 5, 2)
    assert (message.action, message.acted, message.freed_bytes, message.duration_s) == ("trash", 4, 6, 1.5)
    assert job.from_job(replace(ended, result=UndoResult(run=2, undone=1, restored=3))).undo.restored == 3
    for kind, result in ((dedupe_pb2.DedupeResult, DedupeResult), (dedupe_pb2.UndoResult, UndoResult)):
        assert {field.name for field in fields(result)} - {"errors"} == set(kind.DESCRIPTOR.fields_by_name)


def test_what_is_not_known_stays_unset() -> None:
    message = job.from_progress(JobProgress())
    assert not message.HasField("percent")
    assert not message.HasField("seconds_left")
    assert job.from_progress(JobProgress(percent=0.0)).HasField("percent")


def test_errors_come_with_a_job_only_where_they_are_asked_for() -> None:
    failed = Job(
        1, "scan", (JobRoot(2, "r"),), JobState.PARTIAL, False, 1, errors=(JobError(b"/\xff", "io", "x\udcff"),)
    )
    assert not job.from_job(failed).errors
    (error,) = job.from_job(failed, with_errors=True).errors
    assert (error.path.raw, error.message) == (b"/\xff", "x\ufffd")
    assert not job.from_job(failed).HasField("result")
    assert job.from_job(replace(failed, result=ScanResult())).HasField("result")


def test_the_least_size_of_duplicates_is_one_unless_it_is_said() -> None:
    assert catalog.to_duplicates(catalog_pb2.DuplicatesRequest()).min_size is None
    assert catalog.to_duplicates(catalog_pb2.DuplicatesRequest(min_size=0)).min_size == 0
    assert catalog.to_duplicates(catalog_pb2.DuplicatesRequest(under=common_pb2.Path())).under is None
