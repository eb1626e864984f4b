"""What a search that finds nothing could ask instead: words are looked for in names, and may stand in a folder's."""

from __future__ import annotations

import re

from sanchay import terms

#: A word that means what it says: no pattern, no place, no operator.
PLAIN = re.compile(r"[\w.,@#%&=+][\w.,@#%&=+-]*")
OPERATORS = frozenset({"or", "and", "not"})
OF_MORE = frozenset("\"'()|!")


def in_paths(expression: str) -> str | None:
    """The same search with its words looked for in whole paths; None where that would be no other, or is not plain."""
    found = terms.split(expression)
    plain = [each for each in found if not each.sign and not each.key and PLAIN.fullmatch(each.text)]
    if not plain or OF_MORE & set(expression) or any(each.text.lower() in OPERATORS for each in plain):
        return None
    for each in reversed(plain):
        expression = f"{expression[:each.begin]}path:**{each.text}**{expression[each.end:]}"
    return expression
