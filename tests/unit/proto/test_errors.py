"""One table of errors: the engine, the daemon, the wire and a client speak of the same kinds."""

from __future__ import annotations

import inspect
from typing import Any

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanchay import errors
from sanchay._channel import to_error
from sanchayd.rpc import errors as rpc_errors
from tests.support.daemon import engine_missing

EXIT_CODES = {0, 1, 2, 3, 69, 77, 78}


@pytest.mark.skipif(engine_missing(), reason="the engine is not built: make install")
def test_every_kind_of_the_engine_is_known() -> None:
    import sanchay_engine

    assert set(sanchay_engine.ERROR_KINDS) <= set(errors.BY_KIND)


def test_every_exception_of_the_module_is_in_the_table_once() -> None:
    defined = {
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, errors.SanchayError) and value is not errors.SanchayError
    }
    assert defined == set(errors.BY_KIND.values()) == set(errors.BY_REASON.values())
    assert len(defined) == len(errors.BY_KIND) == len(errors.BY_REASON)


def test_a_class_of_a_program_s_own_goes_by_its_base() -> None:
    class Mislaid(errors.NotFound):
        """Ours."""

    assert (Mislaid.kind, Mislaid.status, Mislaid.exit_code) == ("not_found", "NOT_FOUND", 1)
    assert errors.BY_KIND["not_found"] is errors.NotFound


@pytest.mark.parametrize("error", errors.BY_KIND.values())
def test_every_error_has_a_status_an_exit_code_and_a_sentence(error: type[errors.SanchayError]) -> None:
    assert grpc.StatusCode[error.status] is not grpc.StatusCode.OK
    assert error.exit_code in EXIT_CODES - {0, 3}
    assert error.__doc__
    assert error.reason() == error.kind.upper()


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [
        ("invalid_query", 2),
        ("invalid_argument", 2),
        ("not_absolute", 2),
        ("daemon_unavailable", 69),
        ("shutting_down", 69),
        ("permission", 77),
        ("unauthenticated", 77),
        ("config_invalid", 78),
        ("newer_database", 78),
        ("not_found", 1),
        ("own_folder", 1),
    ],
)
def test_exit_codes_are_the_documented_ones(kind: str, exit_code: int) -> None:
    assert errors.BY_KIND[kind].exit_code == exit_code


class Failed(grpc.RpcError):
    """A failed call as gRPC gives it."""

    def __init__(self, code: grpc.StatusCode, details: str, trailers: list[tuple[str, str | bytes]]) -> None:
        self._code, self._details, self._trailers = code, details, trailers

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details

    def trailing_metadata(self) -> Any:
        return self._trailers


WORDS = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    kind=st.sampled_from(list(errors.BY_KIND.values())),
    message=WORDS,
    path=st.none() | st.binary(),
    term=st.none() | WORDS,
    position=st.none() | st.integers(0, 2**31),
    details=st.dictionaries(st.sampled_from(["file", "line", "key", "job_id"]), WORDS),
)
def test_an_error_arrives_as_it_was_raised(
    kind: type[errors.SanchayError],
    message: str,
    path: bytes | None,
    term: str | None,
    position: int | None,
    details: dict[str, str],
) -> None:
    raised = kind(message, path=path, term=term, position=position, details=details)
    trailers: list[tuple[str, str | bytes]] = [rpc_errors.trailer(raised), ("x-request-id", "r1")]
    error = to_error(Failed(rpc_errors.status_code(raised), rpc_errors.message(raised), trailers))
    assert type(error) is kind
    assert str(error) == message
    assert (error.path, error.term, error.position, error.details) == (path, term, position, details)
    assert error.request_id == "r1"


def test_a_reason_of_a_newer_daemon_keeps_its_message() -> None:
    error = errors.from_reason("MOON_FULL", "the moon is full", {"phase": "full"})
    assert type(error) is errors.SanchayError
    assert (str(error), error.details, error.exit_code) == ("the moon is full", {"phase": "full"}, 1)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.UNAVAILABLE, errors.DaemonUnavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, errors.TimedOut),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, errors.MessageTooLarge),
        (grpc.StatusCode.UNIMPLEMENTED, errors.Unsupported),
        (grpc.StatusCode.CANCELLED, errors.DaemonUnavailable),
        (grpc.StatusCode.DATA_LOSS, errors.InternalError),
    ],
)
def test_what_grpc_says_itself_has_an_exception_too(code: grpc.StatusCode, expected: type) -> None:
    assert type(to_error(Failed(code, "x", []))) is expected
    assert type(to_error(Failed(code, "x", [("grpc-status-details-bin", b"\xff\xff")]))) is expected
