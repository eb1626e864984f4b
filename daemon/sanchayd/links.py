"""Where a file's name leads, link by link: a change at any of these places changes what is read by that name."""

from __future__ import annotations

import os
from pathlib import Path

# As many as the kernel follows.
LINKS_MOST = 40


def places_of(file: Path) -> list[tuple[Path, str]]:
    """The name itself, each link that it goes through below its folder's real place, and the file at the end: a folder
    that is no link, and a name in it. The first is always the name; what is not there ends the list."""
    folder = Path(os.path.realpath(file.parent))
    found = [(folder, file.name)]
    left, links = [file.name], 0
    while left and links <= LINKS_MOST:
        name = left.pop(0)
        if name in ("", os.curdir):
            continue
        if name == os.pardir:
            folder = folder.parent
            continue
        try:
            target = os.readlink(folder / name)
        except OSError:  # no link, or not there
            if not left:
                found.append((folder, name))
            folder = folder / name
            continue
        found.append((folder, name))
        links += 1
        there = Path(target)
        if there.is_absolute():
            folder, left = Path(there.anchor), [*there.parts[1:], *left]
        else:
            left = [*there.parts, *left]
    return list(dict.fromkeys(found))
