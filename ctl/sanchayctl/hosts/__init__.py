"""What differs between operating systems for the command line: each system's manager of services, behind one face."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sanchayctl.hosts.running import run

if TYPE_CHECKING:
    from sanchayctl.service.plan import Manager


def manager() -> Manager:
    """This system's."""
    if sys.platform == "win32":
        from sanchayctl.hosts.windows import TaskScheduler

        return TaskScheduler(run)
    if sys.platform == "darwin":
        from sanchayctl.hosts.macos import Launchd

        return Launchd(run)
    from sanchayctl.hosts.linux import Systemd

    return Systemd(run)
