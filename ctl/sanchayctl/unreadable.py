"""What is said of something that could not be read: its path once, and the reason once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sanchay import paths

if TYPE_CHECKING:
    from sanchay.v1 import job_pb2

_LEAD = r"^(?:cannot be read: )?"
# The kind of an error, and in parentheses what the system says of it: often the same words.
_TWICE = r"(?i)^(?P<kind>.*?) \((?P=kind)(?: \(os error \d+\))?\)$"
_OF_A_SCAN = r"could not be read; what was known of (?:it|them) is kept$"


def line(error: job_pb2.JobError) -> str:
    """`PATH: permission denied`."""
    said = error.message
    for named in (error.path.display, paths.shown(error.path)):
        said = said.removeprefix(named)
    said = re.sub(_TWICE, r"\g<kind>", re.sub(_LEAD, "", said.strip(" :")))
    return f"{paths.shown(error.path)}: {paths.safe_text(said)}"


def is_told_by_errors(message: str) -> bool:
    """Whether a scan's message only names what its list of errors names, too."""
    return re.search(_OF_A_SCAN, message) is not None
