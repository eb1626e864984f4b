"""Lists of checksums as b3sum and sha256sum write them, plain (`HASH  NAME`) and with tags (`SHA256 (NAME) = HASH`)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sanchay import names
from sanchay.errors import InvalidArgument

HASH_BYTES = 32
_PLAIN = re.compile(rb"(\\?)([0-9A-Fa-f]{64}) [ *](.+)", re.DOTALL)
_TAGGED = re.compile(rb"(\\?)(BLAKE3|SHA256) \((.+)\) = ([0-9A-Fa-f]{64})", re.DOTALL)
_ALGORITHMS = {b"BLAKE3": "blake3", b"SHA256": "sha256"}
#: How files of such lists are called.
_BY_NAME = (("blake3", (".b3", ".b3sum", "b3sums", ".blake3")), ("sha256", (".sha256", ".sha256sum", "sha256sums")))
_ESCAPES = {b"\\": b"\\", b"n": b"\n", b"r": b"\r"}


class Listed(NamedTuple):
    """A line: what it names, the hash, and the algorithm where the line or the list says it."""

    name: bytes
    digest: bytes
    algorithm: str


def algorithm_by_name(path: str) -> str:
    """The algorithm that the name of a list tells; empty where it tells none."""
    name = os.path.basename(path).lower()
    for algorithm, ends in _BY_NAME:
        if any(name.endswith(end) or name.removesuffix(".txt").endswith(end) for end in ends):
            return algorithm
    return ""


def lines(content: Iterable[bytes], path: str, algorithm: str = "") -> Iterator[Listed]:
    """The lines of a list; `algorithm` is that of lines without a tag.

    Raises InvalidArgument for a line that is none, with its number.
    """
    for number, line in enumerate(content, start=1):
        line = line.rstrip(b"\n").removesuffix(b"\r")
        if not line:
            continue
        listed = parse(line, algorithm)
        if listed is None:
            raise InvalidArgument(
                f"{names.shown(os.fsencode(path))}, line {number}: this is not a line of b3sum or sha256sum.",
                path=os.fsencode(path),
            )
        yield listed


def parse(line: bytes, algorithm: str = "") -> Listed | None:
    """What a line says; None where it is not such a line."""
    tagged = _TAGGED.fullmatch(line)
    if tagged is not None:
        escaped, tag, name, digest = tagged.groups()
        algorithm = _ALGORITHMS[tag]
    else:
        plain = _PLAIN.fullmatch(line)
        if plain is None:
            return None
        escaped, digest, name = plain.groups()
    return Listed(_unescaped(name) if escaped else name, bytes.fromhex(digest.decode("ascii")), algorithm)


def _unescaped(name: bytes) -> bytes:
    return re.sub(rb"\\(.)", lambda match: _ESCAPES.get(match[1], match[0]), name, flags=re.DOTALL)
