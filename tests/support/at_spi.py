"""What a screen reader hears of a program, for tests: run by the system's Python, which has GObject's AT-SPI.

Each line on standard input is a question (JSON), each line on standard output its answer. `{"ask": "tree"}` gives every
node that is shown, as `{"role", "name", "text", "x", "y", "width", "height", "states", "depth"}`. It imports nothing of
ours.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

NODES_MAX = 3000


def node(each: Any, depth: int) -> dict[str, Any] | None:
    """What is said of one node; None where it is gone, or not on the screen."""
    try:
        extents = each.get_extents(Atspi.CoordType.SCREEN)
        states = [state.value_nick for state in each.get_state_set().get_states()]
        return {
            "role": each.get_role_name(),
            "name": each.get_name() or "",
            "text": each.get_description() or "",
            "x": extents.x,
            "y": extents.y,
            "width": extents.width,
            "height": extents.height,
            "states": states,
            "depth": depth,
        }
    except Exception as error:
        print(error, file=sys.stderr)
        return None


def walk(each: Any, depth: int, found: list[dict[str, Any]]) -> None:
    """Adds a node and those below it that are shown."""
    said = node(each, depth)
    if said is None or len(found) >= NODES_MAX or (depth > 0 and "showing" not in said["states"]):
        return
    found.append(said)
    try:
        children = min(each.get_child_count(), 500)
    except Exception:
        return
    for at in range(children):
        child = each.get_child_at_index(at)
        if child is not None:
            walk(child, depth + 1, found)


def tree() -> list[dict[str, Any]]:
    """Every program that speaks, with its windows."""
    desktop = Atspi.get_desktop(0)
    found: list[dict[str, Any]] = []
    for at in range(desktop.get_child_count()):
        program = desktop.get_child_at_index(at)
        if program is not None:
            walk(program, 0, found)
    return found


def main() -> None:
    """Answers until standard input ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(tree() if asked["ask"] == "tree" else None), flush=True)


if __name__ == "__main__":
    main()
