"""Verifications of the catalog in memory: what is damaged is told beforehand, by `rotten`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sanchay.errors import InvalidArgument
from sanchayd.engine_port import values
from sanchayd.engine_port.values import RawBytes
from tests.support.fake_answers import Progress, Unreadable


@dataclass
class Damaged:
    """One of `verify_values.DamagedFile`."""

    id: int
    path: RawBytes
    twins: list[RawBytes] = field(default_factory=list)


@dataclass
class Suspect:
    """One of `verify_values.SuspectFile`."""

    id: int
    path: RawBytes
    algorithm: str = "blake3"
    hash: str = "aa" * 32
    found_hash: str = "bb" * 32


@dataclass
class VerifyResult:
    """One of `verify_values.VerifyResult`."""

    state: str = "done"
    message: str = ""
    checked: int = 3
    bytes: int = 3000
    left: int = 0
    not_verifiable: int = 0
    changed: int = 0
    skipped: int = 0
    cached: int = 0
    errors: int = 0
    damaged_files: int = 0
    suspect_files: int = 0
    duration_s: float = 0.5
    damaged: list[Damaged] = field(default_factory=list)
    suspect: list[Suspect] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)


@dataclass
class Finding:
    """One of `verify_values.Finding`."""

    id: int
    path: RawBytes
    kind: str = "damaged"
    state: str = "open"
    found_ns: int = 1_700_000_000_000_000_000
    size: int = 1000
    algorithm: str = "blake3"
    hash: str = "aa" * 32
    found_hash: str = "bb" * 32
    repaired_by: int | None = None


class FakeVerification:
    """A verification that ends as it was told to."""

    def __init__(self, result: VerifyResult, gate: threading.Event) -> None:
        self._result = result
        self._gate = gate
        self._cancelled = threading.Event()

    def progress(self) -> values.ScanProgress:
        return Progress()

    def pause(self) -> None:
        """It has nothing to hold."""

    def resume(self) -> None:
        """It has nothing to hold."""

    def foreground(self) -> None:
        """It has no priority."""

    def cancel(self) -> None:
        self._cancelled.set()

    def wait(self) -> VerifyResult:
        while not (self._gate.wait(0.01) or self._cancelled.is_set()):
            pass
        return replace(self._result, state="cancelled") if self._cancelled.is_set() else self._result


class FakeVerify:
    """The part of `FakeCatalog` that verifies. `asked` is what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.verified = VerifyResult()
        self.verify_gate = threading.Event()
        self.verify_gate.set()
        self.verify_asked: list[dict[str, object]] = []
        self.found: list[Finding] = []

    def verify(
        self,
        root_ids: Sequence[int],
        *,
        budget_bytes: int | None,
        budget_s: float | None,
        key: int,
        background: bool,
        request_id: str,
    ) -> FakeVerification:
        asked: dict[str, object] = {
            "root_ids": tuple(root_ids),
            "bytes": budget_bytes,
            "s": budget_s,
            "key": key,
            "background": background,
        }
        self.verify_asked.append(asked)
        return FakeVerification(self.verified, self.verify_gate)

    def findings(self, *, with_closed: bool) -> Sequence[Finding]:
        return [finding for finding in reversed(self.found) if with_closed or finding.state == "open"]

    def accept_finding(self, finding_id: int) -> Finding:
        for at, finding in enumerate(self.found):
            if finding.id == finding_id:
                self.found[at] = replace(finding, state="accepted")
                return self.found[at]
        raise InvalidArgument(f"there is no finding {finding_id}")

    def compare_listed(self, rows: Sequence[tuple[bytes, str, bytes]]) -> Sequence[tuple[str, str]]:
        return [("not_hashed", "nothing is hashed here") for _ in rows]
