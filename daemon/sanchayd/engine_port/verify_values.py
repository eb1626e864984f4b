"""The shapes of what a catalog says of verifications; see `values`. Hashes are in hexadecimal digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sanchayd.engine_port.values import RawBytes, ScanError


class DamagedFile(Protocol):
    """A file whose content is not what it was; `id` is its finding's, and each of `twins` was read whole."""

    id: int
    path: RawBytes

    @property
    def twins(self) -> Sequence[bytes]:
        """Healthy copies of what it should be."""
        ...


class SuspectFile(Protocol):
    """A file whose content is another though its size and time of change are as before: the catalog took it."""

    id: int
    path: RawBytes
    algorithm: str
    hash: str
    found_hash: str


class VerifyResult(Protocol):
    """What a verification did; see verify.proto for the meaning of each count."""

    state: str
    message: str
    checked: int
    bytes: int
    left: int
    not_verifiable: int
    changed: int
    skipped: int
    cached: int
    errors: int
    damaged_files: int
    suspect_files: int
    duration_s: float

    @property
    def damaged(self) -> Sequence[DamagedFile]:
        """The first of them."""
        ...

    @property
    def suspect(self) -> Sequence[SuspectFile]:
        """The first of them."""
        ...

    @property
    def unreadable(self) -> Sequence[ScanError]:
        """The first hundred."""
        ...


class Finding(Protocol):
    """A damaged or suspect file, as the journal has it; `kind` and `state` as in verify.proto."""

    id: int
    kind: str
    state: str
    found_ns: int
    path: RawBytes
    size: int
    algorithm: str
    hash: str
    found_hash: str
    repaired_by: int | None
