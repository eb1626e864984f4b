"""The machine's own time zone, asked again each time: a laptop travels."""

from __future__ import annotations

import warnings
from datetime import timezone, tzinfo

_UNKNOWN = timezone.utc


def local_zone() -> tzinfo:
    """The zone with its rules of summer time; UTC where the system names none that is known."""
    from tzlocal import reload_localzone

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where TZ and the system's own setting differ: TZ counts
            return reload_localzone()
    except (LookupError, ValueError, OSError):
        return _UNKNOWN
