"""The engine as a `VerifyPort`."""

from __future__ import annotations

from collections.abc import Sequence

import sanchay_engine
from sanchayd.engine_port import verify_values
from sanchayd.engine_port.translated import translated
from sanchayd.engine_port.values import ScanProgress


class NativeVerification:
    """A `VerificationPort` over the engine's verification."""

    def __init__(self, verification: sanchay_engine.Verification) -> None:
        self._verification = verification
        self.pause = verification.pause
        self.resume = verification.resume
        self.cancel = verification.cancel
        self.foreground = verification.foreground

    def progress(self) -> ScanProgress:
        """A snapshot of atomics."""
        return self._verification.progress()

    def wait(self) -> verify_values.VerifyResult:
        """Blocks, with the GIL free, until the end."""
        with translated():
            while True:
                result = self._verification.wait(None)
                if result is not None:
                    return result


class NativeVerify:
    """The part of `NativeCatalog` that verifies files."""

    _catalog: sanchay_engine.Catalog

    def verify(
        self,
        root_ids: Sequence[int],
        *,
        budget_bytes: int | None,
        budget_s: float | None,
        key: int,
        background: bool,
        request_id: str,
    ) -> NativeVerification:
        """Starts a verification on the engine's threads."""
        with translated():
            return NativeVerification(
                sanchay_engine.Verification.start(
                    self._catalog,
                    root_ids=root_ids,
                    budget_bytes=budget_bytes,
                    budget_s=budget_s,
                    key=key,
                    background=background,
                    request_id=request_id,
                )
            )

    def findings(self, *, with_closed: bool) -> Sequence[verify_values.Finding]:
        """Damaged and suspect files."""
        with translated():
            return sanchay_engine.findings(self._catalog, with_closed=with_closed)

    def accept_finding(self, finding_id: int) -> verify_values.Finding:
        """The file is right as it is."""
        with translated():
            return sanchay_engine.accept_finding(self._catalog, finding_id)

    def compare_listed(self, rows: Sequence[tuple[bytes, str, bytes]]) -> Sequence[tuple[str, str]]:
        """Compares what is on the disk with lines of a list."""
        with translated():
            return sanchay_engine.compare_listed(self._catalog, rows)
