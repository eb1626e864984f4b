"""Random edits by one of several processes at once: an edit that another one spoils is let go."""

from __future__ import annotations

import fcntl
import mmap
import os
import random
import signal
import sys
import time
from collections.abc import Callable

from tests.support.edits import FOLDERS, NAMES, Editor, content
from tests.support.exchange import exchange

#: Names are looked at ten times a second in each folder; a busy machine takes longer.
LOOKED_AT_S = 0.4
LEAST_FILES = 100
#: A file that became a pipe before it was opened would never be.
STUCK_S = 5.0


class LiveEditor(Editor):
    """Edits of which a watcher can hear. A name made outside of the root for a file inside is none of them."""

    def step(self) -> None:
        edits: list[tuple[int, Callable[[], str]]] = [
            (8, self.create), (3, self.make_folder), (2, self.make_tree), (1, self.hard_link), (1, self.symlink),
            (1, self.special), (3, self.edit_keeping_size), (2, self.edit_and_set_times_back), (1, self.touch),
            (3, self.delete), (1, self.delete_folder), (3, self.rename_over), (3, self.rename_folder),
            (1, self.move_out), (1, self.move_tree_out), (2, self.move_in), (1, self.change_mode), (3, self.append),
            (1, self.change_owner), (1, self.before_1970), (1, self.folder_for_file), (1, self.swap_folders),
            (1, self.save_by_renaming), (2, self.exchange), (3, self.move_and_write), (1, self.map_and_write),
        ]  # fmt: skip
        edit = self.one_of(edits)
        # What is mapped must not be made shorter by the other process: that would be the end of this one.
        alone = edit in (self.hard_link, self.map_and_write)
        with open(os.path.join(os.path.dirname(self.root), b"turn"), "ab") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            signal.setitimer(signal.ITIMER_REAL, STUCK_S)
            try:
                told = edit()
            except OSError as error:
                told = f"spoiled: {error}"
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            if edit == self.hard_link:
                # The system tells of a new name, and nothing of the file behind it: a name that goes before it was
                # looked at leaves no trace. Comparing the whole root finds that; here it is kept from happening.
                time.sleep(LOOKED_AT_S)
        self.history.append(f"{edit.__name__} {told}")

    def make_tree(self) -> str:
        """A folder with folders and files in it, as fast as it can be made."""
        path = os.path.join(self.chosen.choice(self.folders()), self.chosen.choice(FOLDERS))
        if path.count(b"/") - self.root.count(b"/") > 4:
            return "nothing"
        below = os.path.join(path, self.chosen.choice(FOLDERS), self.chosen.choice(FOLDERS))
        os.makedirs(below)
        for folder in (path, below):
            with open(os.path.join(folder, self.chosen.choice(NAMES)), "wb") as file:
                file.write(content(self.chosen))
        return repr(path)

    def move_tree_out(self) -> str:
        source = self._some_folder()
        if source is None:
            return "nothing"
        os.rename(source, os.path.join(self.outside, b"%d-%d" % (os.getpid(), time.monotonic_ns())))
        return repr(source)

    def move_in(self) -> str:
        """A file or a tree from outside."""
        outside = os.listdir(self.outside)
        if not outside:
            return "nothing"
        source, target = os.path.join(self.outside, self.chosen.choice(outside)), self.place()
        if os.path.lexists(target) or target.count(b"/") - self.root.count(b"/") > 5:
            return "nothing"
        os.rename(source, target)
        return f"{source!r} {target!r}"

    def swap_folders(self) -> str:
        one, other = self._some_folder(), self._some_folder()
        if one is None or other is None or (one + b"/").startswith(other) or (other + b"/").startswith(one):
            return "nothing"
        between = one + b".between"
        os.rename(one, between)
        os.rename(other, one)
        os.rename(between, other)
        return f"{one!r} {other!r}"

    def exchange(self) -> str:
        """Two names in one step: files, folders, or one of each."""
        names = [*self.files(), *self.folders()[1:]]
        one, other = self.chosen.choice(names), self.chosen.choice(names)
        if one == other or (one + b"/").startswith(other + b"/") or (other + b"/").startswith(one + b"/"):
            return "nothing"
        exchange(one, other)
        return f"{one!r} {other!r}"

    def move_and_write(self) -> str:
        """A file is renamed, written at once and its time set back: only the event tells of the write."""
        source, target = self._some_file(), self.place()
        if source is None or os.path.isdir(target):
            return "nothing"
        before = os.stat(source)
        os.rename(source, target)
        with open(target, "r+b") as file:
            file.write(content(self.chosen, before.st_size))
        os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
        return f"{source!r} {target!r}"

    def map_and_write(self) -> str:
        """A file is mapped, written in memory and closed: the close alone tells."""
        path = self._some_file()
        if path is None or os.path.getsize(path) == 0:
            return "nothing"
        with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
            mapped[len(mapped) // 2] = self.chosen.choice(b"abc")
            if self.chosen.random() < 0.5:
                time.sleep(self.chosen.choice([0.01, 0.2]))
                mapped[len(mapped) // 2] = self.chosen.choice(b"abc")
        return repr(path)

    def save_by_renaming(self) -> str:
        """As most programs save: a file beside it, renamed over it."""
        path = self._some_file()
        if path is None:
            return "nothing"
        with open(path + b"~", "wb") as file:
            file.write(content(self.chosen))
        os.rename(path + b"~", path)
        return repr(path)


def _stuck(_number: int, _frame: object) -> None:
    raise TimeoutError("it became a pipe")


def edit(root: bytes, outside: bytes, seed: str, seconds: float, log: str) -> None:
    """Edits for so long, now in bursts, now one by one."""
    signal.signal(signal.SIGALRM, _stuck)
    editor = LiveEditor(root, outside, random.Random(seed), LEAST_FILES)
    until = time.monotonic() + seconds
    with open(log, "w", encoding="utf-8") as written:
        while time.monotonic() < until:
            for _ in range(editor.chosen.choice([1, 1, 5, 40])):
                editor.step()
                written.write(f"{time.time():.4f} {editor.history.pop()}\n")
            written.flush()
            time.sleep(editor.chosen.choice([0, 0, 0.005, 0.05, 0.3]))


if __name__ == "__main__":
    edit(os.fsencode(sys.argv[1]), os.fsencode(sys.argv[2]), sys.argv[3], float(sys.argv[4]), sys.argv[5])
