"""Messages of `daemon.proto`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sanchay.sentences import Sentence
from sanchay.v1 import daemon_pb2
from sanchayd.config import Setting
from sanchayd.engine_port.values import CatalogCheck
from sanchayd.reload import Taken
from sanchayd.rpc.convert import common, root, schedule
from sanchayd.schedules.service import ScheduleView
from sanchayd.upkeep.background import BackgroundView
from sanchayd.upkeep.status import CatalogView, DaemonStatus


def from_catalog(view: CatalogView) -> daemon_pb2.CatalogStatus:
    """The catalog's size and health."""
    status = view.status
    return daemon_pb2.CatalogStatus(
        path=common.path(status.path),
        files=status.files,
        directories=status.directories,
        bytes=status.bytes,
        db_bytes=status.db_bytes,
        name_index_bytes=status.name_index_bytes,
        name_index=status.name_index,
        wal_bytes=status.wal_bytes,
        rollup_bytes=status.rollup_bytes,
        state=view.state,
        message=common.text(view.message),
        message_words=common.words(view.message) if view.message else None,
    )


def from_check(found: CatalogCheck) -> daemon_pb2.CheckCatalogResponse:
    """What a check of the catalog found."""
    return daemon_pb2.CheckCatalogResponse(
        faults=[
            daemon_pb2.CatalogFault(
                kind=fault.kind, count=fault.count, example=common.path(fault.example), mended=fault.mended
            )
            for fault in found.faults
        ],
        folders=found.folders,
        files=found.files,
        keys=found.keys,
        complete=found.complete,
    )


def from_background(view: BackgroundView) -> daemon_pb2.BackgroundState:
    """How background work stands."""
    return daemon_pb2.BackgroundState(state=view.state.value, until_ns=view.until_ns, max_mb_per_s=view.max_mb_per_s)


def from_status(status: DaemonStatus, schedules: Sequence[ScheduleView]) -> daemon_pb2.GetStatusResponse:
    """The daemon as it stands."""
    return daemon_pb2.GetStatusResponse(
        pid=status.pid,
        version=status.version,
        engine_version=status.engine_version,
        uptime_s=status.uptime_s,
        rss_bytes=status.rss_bytes,
        catalog=from_catalog(status.catalog),
        roots=[root.from_view(view) for view in status.roots],
        active_jobs=status.active_jobs,
        config_error=common.text(status.config_error),
        config_error_words=common.words(status.config_error) if status.config_error else None,
        notices=[common.text(notice) for notice in status.notices],
        notice_words=[common.words(notice) for notice in status.notices],
        background=from_background(status.background),
        schedules=[schedule.from_view(view) for view in schedules],
        damaged_files=status.damaged_files,
    )


def from_settings(settings: Sequence[Setting], notices: Sequence[Sentence]) -> daemon_pb2.GetSettingsResponse:
    """Every setting with its origin, and what is none."""
    return daemon_pb2.GetSettingsResponse(
        settings=[_setting(one) for one in settings],
        notices=[common.text(notice) for notice in notices],
        notice_words=[common.words(notice) for notice in notices],
    )


def from_taken(taken: Taken) -> daemon_pb2.SetSettingResponse:
    """A setting after an edit of config.toml."""
    return daemon_pb2.SetSettingResponse(
        setting=_setting(taken.setting),
        value=common.text(taken.value),
        before=common.text(taken.before),
        file=common.path(taken.file),
        error=common.text(taken.error),
    )


def _setting(one: Setting) -> daemon_pb2.Setting:
    fields: dict[str, Any] = one.document()  # by the names of the message
    return daemon_pb2.Setting(
        **fields | {"value": common.text(one.value), "until_restart": common.text(one.until_restart)}
    )
