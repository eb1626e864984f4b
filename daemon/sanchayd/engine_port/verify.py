"""Verifications and what they found. Every call may block, and raises `SanchayError` alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sanchayd.engine_port import verify_values
from sanchayd.engine_port.values import ScanProgress


class VerificationPort(Protocol):
    """A verification under way on threads that are not ours. All but `wait` return at once."""

    def progress(self) -> ScanProgress:
        """A snapshot."""
        ...

    def pause(self) -> None:
        """Holds still until it is resumed."""
        ...

    def resume(self) -> None:
        """Goes on."""
        ...

    def cancel(self) -> None:
        """Ends soon; what was checked stays checked."""
        ...

    def foreground(self) -> None:
        """Passes by pauses and limits of background work."""
        ...

    def wait(self) -> verify_values.VerifyResult:
        """Blocks until the end."""
        ...


class VerifyPort(Protocol):
    """Verifications. Safe to call from any thread."""

    def verify(
        self,
        root_ids: Sequence[int],
        *,
        budget_bytes: int | None,
        budget_s: float | None,
        key: int,
        background: bool,
        request_id: str,
    ) -> VerificationPort:
        """Starts one of some roots (none: all). One with the `key` of the last goes on where that one was."""
        ...

    def findings(self, *, with_closed: bool) -> Sequence[verify_values.Finding]:
        """Damaged and suspect files, the newest first."""
        ...

    def accept_finding(self, finding_id: int) -> verify_values.Finding:
        """The file is right as it is. Raises invalid_argument where it has yet another content, or none is known."""
        ...

    def compare_listed(self, rows: Sequence[tuple[bytes, str, bytes]]) -> Sequence[tuple[str, str]]:
        """Compares what is on the disk with (path, algorithm, hash); the state of each, and why it was not read."""
        ...
