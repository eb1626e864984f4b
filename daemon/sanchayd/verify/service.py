"""Verifications as clients ask for them, and the damage that they found."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from sanchay import names
from sanchay.errors import ADD_ROOT, InvalidArgument, RootNotFound
from sanchayd.engine_port import CatalogPool, VerifyPort, in_own_thread
from sanchayd.engine_port.verify_values import Finding
from sanchayd.jobs.job import Job, JobRoot
from sanchayd.jobs.service import JobService
from sanchayd.roots.registry import RootRegistry
from sanchayd.roots.root import Root
from sanchayd.verify.kind import VERIFY
from sanchayd.verify.repair import REPAIR

FINDINGS_LIMIT = 100
FINDINGS_MAX = 1000
#: Lines that are compared before their rows are sent.
LINES_AT_ONCE = 16

ListedLine = tuple[bytes, str, bytes]


@dataclass(frozen=True)
class FindingPage:
    """Damaged and suspect files, newest first; an empty token is the last page."""

    findings: tuple[Finding, ...]
    next_token: str


class VerifyService:
    """Use cases on rot."""

    def __init__(self, catalog: VerifyPort, pool: CatalogPool, registry: RootRegistry, jobs: JobService) -> None:
        self._catalog = catalog
        self._pool = pool
        self._registry = registry
        self._jobs = jobs

    async def start(
        self, words: Sequence[bytes], *, budget_bytes: int, budget_s: float, background: bool, request_id: str
    ) -> Job:
        """Starts or joins a verification of the named roots, or of all. Raises root_not_found and invalid_argument."""
        roots = [await self._registry.resolve(word) for word in words]
        return await self.start_of(
            list(dict.fromkeys(roots)),
            budget_bytes=budget_bytes,
            budget_s=budget_s,
            background=background,
            request_id=request_id,
        )

    async def start_of(
        self, roots: Sequence[Root], *, budget_bytes: int, budget_s: float, background: bool, request_id: str
    ) -> Job:
        """The same for roots that are known; none: all."""
        if budget_s < 0:
            raise InvalidArgument("A budget of time cannot be negative.")
        asked = roots or self._registry.claimed()
        if not asked:
            raise RootNotFound("There is no root to verify yet.", details={"advice": ADD_ROOT})
        return await self._jobs.start(
            VERIFY,
            [JobRoot(root.id, root.name) for root in asked],
            background=background,
            request_id=request_id,
            arguments={"all": not roots, "budget_bytes": budget_bytes, "budget_s": budget_s},
        )

    async def findings(self, *, with_closed: bool, limit: int, token: str) -> FindingPage:
        """A page of damaged and suspect files."""
        limit = min(limit or FINDINGS_LIMIT, FINDINGS_MAX)
        if token and not token.isdecimal():
            raise InvalidArgument(f"{names.quoted(token)} is not a valid page token of this listing.")
        found = await self._pool.ask(self._catalog.findings, with_closed=with_closed)
        rest = [finding for finding in found if not token or finding.id < int(token)]
        page = tuple(rest[:limit])
        return FindingPage(page, str(page[-1].id) if len(rest) > limit else "")

    async def damaged_files(self) -> int:
        """How many damaged files no one has dealt with."""
        found = await self._pool.quick(self._catalog.findings, with_closed=False)
        return sum(finding.kind == "damaged" for finding in found)

    async def accept(self, finding_id: int) -> Finding:
        """A file is right as it is. Raises invalid_argument, and io where it cannot be read."""
        return await in_own_thread(lambda: self._catalog.accept_finding(finding_id), f"accept-{finding_id}")

    async def repair(self, finding_id: int, *, request_id: str) -> Job:
        """Starts, or joins, the repair of a file. Raises invalid_argument, also where it was dealt with."""
        found = await self._pool.ask(self._catalog.findings, with_closed=True)
        finding = next((finding for finding in found if finding.id == finding_id), None)
        if finding is None:
            raise InvalidArgument(f"There is no finding {finding_id}.")
        if finding.state != "open":
            by_run = f" by run {finding.repaired_by}" if finding.repaired_by else ""
            raise InvalidArgument(f"Finding {finding_id} was {finding.state}{by_run} already.")
        root = self._registry.holding(finding.path)
        if root is None:
            raise InvalidArgument(f"{names.shown(finding.path)} is in no root any more.")
        arguments = {"finding": finding_id}
        named = [JobRoot(root.id, root.name)]
        return await self._jobs.start(REPAIR, named, background=False, request_id=request_id, arguments=arguments)

    async def compare(self, lines: Sequence[ListedLine]) -> AsyncGenerator[Sequence[tuple[str, str]], None]:
        """The state of each line, some at a time, in their order. Raises invalid_argument."""
        for start in range(0, len(lines), LINES_AT_ONCE):
            some = lines[start : start + LINES_AT_ONCE]
            yield await in_own_thread(lambda some=some: self._catalog.compare_listed(some), "compare")  # type: ignore[misc]
