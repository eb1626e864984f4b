"""Which part of the catalog a `find` expression can answer from: the least that its terms allow, as far as is plain.

The engine reads the language. This looks only for whole, plain `under:` and `root:` terms, which every hit must fit;
where one is not plain it is passed over, and the answer is taken to draw on more than it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TERM = re.compile(r'(?:[^ \t\n\r"]|"(?:[^"\\]|\\.)*")+')
_KEYS = ("under", "root")


def places(expression: str) -> Iterator[tuple[str, str]]:
    """`under` or `root`, and its value, for each such term that is not negated."""
    for term in _TERM.findall(expression):
        key, colon, value = term.partition(":")
        if colon and key.lower() in _KEYS and "\\" not in value:
            yield key.lower(), value.replace('"', "")
