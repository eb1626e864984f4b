"""What differs between operating systems for the daemon, behind one face: `posix.py` or `windows.py`."""

from __future__ import annotations

import sys

from sanchayd.hosts.mounts import Mount, mounts, user_folders

if sys.platform == "win32":
    from sanchayd.hosts.windows import (
        claim_file,
        end_claims,
        is_claimed,
        lock_exclusive,
        on_battery,
        on_stop_signal,
        open_files_limit,
        out_of_files,
        peak_rss_bytes,
        raise_open_files_limit,
        reset_peak_rss,
        restrict_new_files,
        rss_bytes,
        thread_count,
    )
else:
    from sanchayd.hosts.posix import (
        claim_file,
        end_claims,
        is_claimed,
        lock_exclusive,
        on_battery,
        on_stop_signal,
        open_files_limit,
        out_of_files,
        peak_rss_bytes,
        raise_open_files_limit,
        reset_peak_rss,
        restrict_new_files,
        rss_bytes,
        thread_count,
    )

__all__ = [
    "Mount",
    "claim_file",
    "end_claims",
    "is_claimed",
    "lock_exclusive",
    "mounts",
    "on_battery",
    "on_stop_signal",
    "open_files_limit",
    "out_of_files",
    "peak_rss_bytes",
    "raise_open_files_limit",
    "reset_peak_rss",
    "restrict_new_files",
    "rss_bytes",
    "thread_count",
    "user_folders",
]
