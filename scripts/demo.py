#!/usr/bin/env python3
"""`make demo`: records the session that the README shows, from a real run, and writes it into the README.

A folder of pictures is made, a daemon of its own is started, a few commands are typed on a terminal of 100 columns, and
what they print is kept as text. `--print FOLDER` works in that folder and prints the session instead.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
README = REPOSITORY / "README.md"
#: Where the README's session is: what lies between is replaced.
BEGIN, END = "<!-- made by `make demo` -->\n```console\n", "```\n<!-- end of demo -->"
COLUMNS = "100"
#: What is typed, below a folder that holds `Pictures`.
COMMANDS = (
    "sanchayctl scan Pictures",
    "sanchayctl duplicates --limit 1",
    "sanchayctl find 'type:image modified:2024-03' --sort -size --limit 3",
)
KIB = 1024
HOUR_S = 3600


def make_pictures(folder: Path) -> None:
    """The same 412 files each time: photos by year and month, and a phone's backup that has some of them again."""
    source = random.Random(15)
    number = 0
    for year in (2023, 2024):
        for month in range(1, 13):
            place = folder / str(year) / f"{month:02d}"
            place.mkdir(parents=True)
            taken = datetime(year, month, 14, 9, tzinfo=timezone.utc)
            for hour in range(16):
                number += 1
                size = source.choice((24, 40, 92, 180, 360)) * KIB
                _write(place / f"IMG_{number:04d}.jpg", source.randbytes(size), taken, hour)
    backup = folder / "phone backup"
    backup.mkdir()
    for copied in range(20):
        picture = folder / "2024" / "03" / f"IMG_{225 + copied % 16:04d}.jpg"
        _write(backup / f"{copied:02d} {picture.name}", picture.read_bytes(), taken, copied)
    for clip in range(8):
        _write(folder / "2024" / "12" / f"MOV_{clip:02d}.mp4", source.randbytes((800 + 4 * clip) * KIB), taken, clip)


def _write(path: Path, content: bytes, taken: datetime, hours: int) -> None:
    path.write_bytes(content)
    moment_s = taken.timestamp() + hours * HOUR_S
    os.utime(path, (moment_s, moment_s))


def record(folder: Path) -> str:
    """The session as text: each command as it is typed, and what it printed."""
    make_pictures(folder / "Pictures")
    env = os.environ | {
        "SANCHAY_HOME": str(folder / "home"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": COLUMNS,
        "NO_COLOR": "1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
    }
    quiet = {"env": env, "check": True, "capture_output": True}
    subprocess.run(["sanchayctl", "daemon", "start"], **quiet)  # type: ignore[call-overload]
    try:
        parts = []
        for typed in COMMANDS:
            printed = type_in(typed, folder, env)
            parts.append(f"$ {typed}\n{printed}")
            if typed.startswith("sanchayctl scan"):
                subprocess.run(["sanchayctl", "root", "sync", "Pictures"], **quiet)  # type: ignore[call-overload]
        return "\n".join(parts).replace(f"{folder}/home", "~/.local/share/sanchay").replace(str(folder), "/home/you")
    finally:
        subprocess.run(["sanchayctl", "daemon", "stop"], **quiet)  # type: ignore[call-overload]


def type_in(command: str, folder: Path, env: dict[str, str]) -> str:
    """What the command prints on a terminal. Its remarks and progress are left out."""
    import pty  # not on Windows, where this is only read

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["/bin/sh", "-c", command], cwd=folder, env=env, stdout=theirs, stderr=subprocess.DEVNULL
    ) as process:
        os.close(theirs)
        printed = b""
        while piece := _read(ours):
            printed += piece
    os.close(ours)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}:\n{printed.decode()}")
    return printed.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # Linux says so where everybody has closed the other side
        return b""


def main() -> None:
    """The program."""
    if sys.argv[1:2] == ["--print"]:
        print(record(Path(sys.argv[2])), end="")
        return
    with tempfile.TemporaryDirectory() as folder:
        session = record(Path(folder).resolve())
    text = README.read_text("utf-8")
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"{README} has no place for the session: {BEGIN!r} to {END!r}")
    README.write_text(pattern.sub(lambda _: BEGIN + session + END, text), "utf-8")


if __name__ == "__main__":
    main()
