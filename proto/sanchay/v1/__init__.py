"""Messages and stubs generated from the protos beside them, by `proto/generate.py`; those are never edited by hand.

A module of messages is imported when it is first named, as in `v1.root_pb2.Root`: a call needs one of them or two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from sanchay.v1 import catalog_pb2 as catalog_pb2
    from sanchay.v1 import change_pb2 as change_pb2
    from sanchay.v1 import common_pb2 as common_pb2
    from sanchay.v1 import daemon_pb2 as daemon_pb2
    from sanchay.v1 import dedupe_pb2 as dedupe_pb2
    from sanchay.v1 import event_pb2 as event_pb2
    from sanchay.v1 import have_pb2 as have_pb2
    from sanchay.v1 import job_pb2 as job_pb2
    from sanchay.v1 import report_pb2 as report_pb2
    from sanchay.v1 import root_pb2 as root_pb2
    from sanchay.v1 import schedule_pb2 as schedule_pb2
    from sanchay.v1 import verify_pb2 as verify_pb2
    from sanchay.v1 import view_pb2 as view_pb2

_MESSAGES = frozenset(
    f"{noun}_pb2"
    for noun in (
        "catalog",
        "change",
        "common",
        "daemon",
        "dedupe",
        "event",
        "have",
        "job",
        "report",
        "root",
        "schedule",
        "verify",
        "view",
    )
)


def __getattr__(name: str) -> ModuleType:
    if name not in _MESSAGES:
        raise AttributeError(f"module 'sanchay.v1' has no attribute {name!r}")
    from importlib import import_module

    return import_module(f"sanchay.v1.{name}")
