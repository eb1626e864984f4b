"""`sanchayctl verify --against`: compares what is on the disk with a list of b3sum or sha256sum."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sanchay import names, units, v1, verify_documents
from sanchayctl import checksum_list, exit_codes, output

if TYPE_CHECKING:
    from sanchay.client import Client
    from sanchay.v1 import verify_pb2
    from sanchayctl.session import Session

#: A request holds so many lines, or so many bytes of paths.
LINES_AT_ONCE = 256
BYTES_AT_ONCE = 128 << 10
WORDS = {
    "ok": "as listed",
    "other": "have other content",
    "missing": "missing",
    "not_cataloged": "not cataloged, and not read",
    "not_hashed": "could not be read",
}


def against(session: Session, path: str) -> int:
    """Shows each file of the list that is not as listed; with `--json` all of them."""
    counts: Counter[str] = Counter()
    rows = _counted(_compared(session.client(), _lines(path), checksum_list.algorithm_by_name(path)), counts)
    if session.as_json:
        output.document_list("rows", (verify_documents.listed(name, row) for name, row in rows))
        output.document_end({"counts": {state: counts[state] for state in WORDS}})
    else:
        for name, row in rows:
            if row.state != "ok":
                reason = f": {names.safe_text(row.reason)}" if row.reason else ""
                output.line(f"{row.state.replace('_', ' '):13}  {names.shown(name)}{reason}")
        told = [f"{units.count(counts[state])} {word}" for state, word in WORDS.items() if counts[state]]
        output.note(f"{', '.join(told) or 'The list is empty'}.")
    if counts["other"]:
        return exit_codes.FAILED
    return exit_codes.PARTIAL if counts.total() > counts["ok"] else exit_codes.DONE


def _lines(path: str) -> Iterable[checksum_list.Listed]:
    """The list, from standard input where it is `-`. A line that is none is found before the first is compared."""
    if path == "-":
        return list(checksum_list.lines(sys.stdin.buffer, path))
    for _ in _lines_of_file(path):
        pass
    return _lines_of_file(path)


def _lines_of_file(path: str) -> Iterator[checksum_list.Listed]:
    with open(path, "rb") as file:
        yield from checksum_list.lines(file, path)


def _counted(
    rows: Iterable[tuple[bytes, verify_pb2.ListedRow]], counts: Counter[str]
) -> Iterator[tuple[bytes, verify_pb2.ListedRow]]:
    for name, row in rows:
        counts[row.state] += 1
        yield name, row


def _compared(
    client: Client, listed: Iterable[checksum_list.Listed], by_name: str
) -> Iterator[tuple[bytes, verify_pb2.ListedRow]]:
    """Each line with its row, its path below the current folder. Where nothing tells the algorithm both are tried."""
    folder = os.getcwdb()
    for some in _some(listed):
        algorithms = [line.algorithm or by_name for line in some]
        rows = _ask(client, folder, some, [algorithm or "blake3" for algorithm in algorithms])
        again = [at for at, row in enumerate(rows) if row.state == "other" and not algorithms[at]]
        if again:
            others = _ask(client, folder, [some[at] for at in again], ["sha256"] * len(again))
            for at, row in zip(again, others, strict=True):
                rows[at] = row
        yield from ((line.name, row) for line, row in zip(some, rows, strict=True))


def _ask(
    client: Client, folder: bytes, lines: list[checksum_list.Listed], algorithms: list[str]
) -> list[verify_pb2.ListedRow]:
    files = (
        v1.verify_pb2.ListedFile(
            path=os.path.normpath(os.path.join(folder, line.name)), algorithm=algorithm, hash=line.digest
        )
        for line, algorithm in zip(lines, algorithms, strict=True)
    )
    return list(client.compare_listed(files))


def _some(listed: Iterable[checksum_list.Listed]) -> Iterator[list[checksum_list.Listed]]:
    some: list[checksum_list.Listed] = []
    size = 0
    for line in listed:
        some.append(line)
        size += len(line.name) + 100
        if len(some) >= LINES_AT_ONCE or size >= BYTES_AT_ONCE:
            yield some
            some, size = [], 0
    if some:
        yield some
