"""Writes the blocking client's calls, which are committed, from those of the asyncio client.

    python proto/blocking.py           writes sanchay/calls/blocking from sanchay/calls/aio
    python proto/blocking.py --check   changes nothing; exit 1 where the two have drifted

The calls differ in a few words only; what differs in more is in `sanchay/_link.py`. `unasync` knows the same trick, but
calls a class `AsyncX` `SyncX`, needs setuptools, and leaves lines that black would break elsewhere.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import black

CALLS = Path(__file__).resolve().parent / "sanchay" / "calls"
SOURCE = CALLS / "aio"
TARGET = CALLS / "blocking"
MARK = "# Written by proto/blocking.py from sanchay/calls/aio: edit that file.\n"
WORDS = (
    (r"\basync (?=def|for|with)", ""),
    (r"\bawait ", ""),
    (r"\baclosing\b", "closing"),
    (r"\baclose\b", "close"),
    (r"\banext\b", "next"),
    (r"\bAsync(?=[A-Z])", ""),  # AsyncLink, AsyncJobCalls
    (r"(?<=Service)AsyncStub\b", "Stub"),
    ("The calls, awaited", "The calls, blocking"),
)


def blocking(source: str) -> str:
    """The module of the blocking client that does what this one of the asyncio client does."""
    for word, instead in WORDS:
        source = re.sub(word, instead, source)
    # A comma that black left where it broke a line would keep it broken.
    source = re.sub(r",\n(\s*)(?=[)\]])", r"\n\1", source)
    return black.format_str(MARK + source, mode=black.Mode(line_length=120))


def main() -> int:
    """0: done, or no drift; 1: drift."""
    parser = argparse.ArgumentParser(description="Writes the blocking client's calls.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where the two have drifted")
    check = parser.parse_args().check
    expected = {module.name: blocking(module.read_text("utf-8")) for module in sorted(SOURCE.glob("*.py"))}
    actual = {module.name: module.read_text("utf-8") for module in TARGET.glob("*.py")}
    drifted = sorted(name for name in expected.keys() | actual.keys() if expected.get(name) != actual.get(name))
    for name in drifted:
        if check:
            print(f"calls/blocking/{name} has drifted from calls/aio: run python proto/blocking.py", file=sys.stderr)
        elif name in expected:
            (TARGET / name).write_text(expected[name], "utf-8")
        else:
            (TARGET / name).unlink()
    return 1 if check and drifted else 0


if __name__ == "__main__":
    sys.exit(main())
