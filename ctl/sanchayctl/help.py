"""Help that fits the screen, however narrow it is."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click

WIDEST = 100
NARROWEST = 20
_COLUMNS = r" {2,}"


class Formatter(click.HelpFormatter):
    """click's own never goes below 50 columns, and lets tables in a text (`\\b`) wrap."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        import shutil

        columns = min(shutil.get_terminal_size().columns, max_width or WIDEST)
        super().__init__(indent_increment, width or max(columns - 1, NARROWEST), max_width)

    def write_text(self, text: str) -> None:
        """Paragraphs; a table in them has words on the left, and what they are beside or below them."""
        for number, paragraph in enumerate(text.split("\n\n")):
            if number:
                self.write("\n")
            if not paragraph.startswith("\b"):
                super().write_text(paragraph)
                continue
            rows = [re.split(_COLUMNS, line.strip(), maxsplit=1) for line in paragraph.splitlines()[1:]]
            self.write_dl((row[0], row[1] if len(row) > 1 else "") for row in rows)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """A list of words and what they are: side by side, or below one another where that leaves no room."""
        super().write_dl(list(rows), min(col_max, max(self.width // 3, 8)), col_spacing)


class Context(click.Context):
    """Every command's help is written by our formatter."""

    formatter_class = Formatter
