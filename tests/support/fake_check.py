"""What a check of the fake catalog finds."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from tests.support.fake_values import CatalogCheck, CatalogFault


@dataclass
class FakeCheck:
    """Its knobs: `faults`, `complete`, `checked_ns`; `asked` has (repair, background) of each check."""

    faults: list[CatalogFault] = field(default_factory=list)
    complete: bool = True
    checked_ns: int = 0
    asked: list[tuple[bool, bool]] = field(default_factory=list)

    def run(self, *, repair: bool, background: bool) -> CatalogCheck:
        """Finds the faults, and mends them where asked."""
        self.asked.append((repair, background))
        found = tuple(dataclasses.replace(fault, mended=repair) for fault in self.faults)
        if repair:
            self.faults = []
        return CatalogCheck(found, folders=3, files=5, keys=5, complete=self.complete)
