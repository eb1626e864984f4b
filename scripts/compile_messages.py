"""Compiles the translations of icon and window: a build hook of hatchling, for wheels and editable installations.

The catalogs (`locale/LANGUAGE/LC_MESSAGES/sanchay.po`) are what people edit, and what is committed; `sanchay.mo` beside
each is what gettext reads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LOCALE = Path("tray") / "sanchay_tray" / "locale"


def compile_catalog(source: Path) -> Path:
    """Writes `sanchay.mo` beside a catalog, and gives its path. What is marked fuzzy is left out."""
    with source.open("rb") as file:
        catalog = read_po(file, locale=source.parents[1].name)
    target = source.with_suffix(".mo")
    with target.open("wb") as file:
        write_mo(file, catalog)
    return target


class MessagesHook(BuildHookInterface[Any]):
    """Compiles every catalog, and takes what came of it into the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Called before each build."""
        for source in sorted((Path(self.root) / LOCALE).rglob("*.po")):
            build_data["artifacts"].append("/" + compile_catalog(source).relative_to(self.root).as_posix())
