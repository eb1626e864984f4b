"""A failure told to people (a short paragraph) or to programs (a JSON document), on stderr."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sanchay import paths
from sanchay.errors import SanchayError
from sanchayctl import exit_codes, output
from sanchayctl.advice import advice

if TYPE_CHECKING:
    import click

    from sanchayctl.session import Session


@dataclass(frozen=True)
class Failure:
    """What went wrong: its kind, a sentence, the exit code that it means, and what else is known."""

    kind: str
    message: str
    exit_code: int
    details: dict[str, object] = field(default_factory=dict)
    position: int | None = None
    usage: str = ""

    @classmethod
    def of(cls, error: SanchayError | click.ClickException | OSError) -> Failure:
        """A failure of any kind that a command ends with."""
        if isinstance(error, SanchayError):
            return cls.of_sanchay(error)
        return cls.of_system(error) if isinstance(error, OSError) else cls.of_click(error)

    @classmethod
    def of_sanchay(cls, error: SanchayError) -> Failure:
        """A failure of the daemon's, the client's or a command's own."""
        details: dict[str, object] = dict(paths.of_bytes(error.path)) if error.path is not None else {}
        details |= {"term": error.term} if error.term is not None else {}
        details |= {"position": error.position} if error.position is not None else {}
        details |= error.details
        details |= {"request_id": error.request_id} if error.request_id else {}
        return cls(error.kind, error.message, error.exit_code, details, error.position)

    @classmethod
    def of_click(cls, error: click.ClickException) -> Failure:
        """An invalid command line."""
        context = getattr(error, "ctx", None)
        usage = f"{context.get_usage()}\nHelp: {context.command_path} --help" if context is not None else ""
        return cls("usage", error.format_message(), error.exit_code, usage=usage)

    @classmethod
    def of_system(cls, error: OSError) -> Failure:
        """A file or folder of the client's own that the system refuses."""
        code = exit_codes.DENIED if isinstance(error, PermissionError) else exit_codes.FAILED
        named = error.filename
        raw = named if isinstance(named, bytes) else named.encode("utf-8", "surrogateescape") if named else None
        reason = error.strerror or str(error)
        message = f"{paths.shown_bytes(raw)}: {reason}." if raw is not None else f"{reason}."
        return cls("system", message, code, dict(paths.of_bytes(raw)) if raw is not None else {})


def report(failure: Failure, session: Session) -> int:
    """Writes the failure to stderr; its exit code."""
    if session.as_json:
        keys: dict[str, object] = {"kind": failure.kind, "message": failure.message, **failure.details}
        output.note(output.to_json({"error": keys | {"exit_code": failure.exit_code}}))
        return failure.exit_code
    output.note(f"sanchayctl: {paths.safe_text(failure.message)}")
    if failure.position is not None and session.expression:
        shown = paths.safe_text(session.expression)
        output.note(f"    {shown}")
        output.note(f"    {' ' * paths.width(paths.safe_text(session.expression[: failure.position]))}^")
    if failure.usage:
        output.note(failure.usage)
    if next_step := advice(failure.details, session):
        output.note(paths.safe_text(next_step))
    return failure.exit_code
