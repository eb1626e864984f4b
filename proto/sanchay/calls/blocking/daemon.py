# Written by proto/blocking.py from sanchay/calls/aio: edit that file.
"""The daemon itself."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sanchay import v1
from sanchay._call import STREAM_TIMEOUT_S
from sanchay._link import Link

if TYPE_CHECKING:
    from sanchay.v1 import daemon_pb2_grpc


class DaemonCalls:
    """The calls, blocking."""

    _link: Link

    @cached_property
    def _daemon(self) -> daemon_pb2_grpc.DaemonServiceStub:
        return self._link.stub(v1.daemon_pb2.DESCRIPTOR.services_by_name["DaemonService"])  # type: ignore[no-any-return]

    def status(self) -> v1.daemon_pb2.GetStatusResponse:
        """What the daemon is doing, its catalog and its roots."""
        return self._link.unary(self._daemon.GetStatus, v1.daemon_pb2.GetStatusRequest())

    def check_catalog(self, *, repair: bool = False) -> v1.daemon_pb2.CheckCatalogResponse:
        """Whether the catalog's rows agree with one another; mends them where asked. Waits for up to an hour."""
        request = v1.daemon_pb2.CheckCatalogRequest(repair=repair)
        return self._link.unary(self._daemon.CheckCatalog, request, STREAM_TIMEOUT_S)

    def stop_daemon(self) -> v1.daemon_pb2.StopDaemonResponse:
        """Asks the daemon to stop; running scans go on at its next start."""
        return self._link.unary(self._daemon.StopDaemon, v1.daemon_pb2.StopDaemonRequest())

    def pause_background(self, seconds: float = 0.0) -> v1.daemon_pb2.PauseBackgroundResponse:
        """Holds background work, for so long or (0) until it is resumed; a restart changes nothing."""
        return self._link.unary(self._daemon.PauseBackground, v1.daemon_pb2.PauseBackgroundRequest(seconds=seconds))

    def resume_background(self) -> v1.daemon_pb2.ResumeBackgroundResponse:
        """Lets it go on."""
        return self._link.unary(self._daemon.ResumeBackground, v1.daemon_pb2.ResumeBackgroundRequest())

    def settings(self) -> v1.daemon_pb2.GetSettingsResponse:
        """Every setting with its value and where it came from."""
        return self._link.unary(self._daemon.GetSettings, v1.daemon_pb2.GetSettingsRequest())

    def set_setting(self, key: str, value: str | None) -> v1.daemon_pb2.SetSettingResponse:
        """Writes a setting, a value in TOML, into config.toml, or (None) takes it out; comments and order stay."""
        request = v1.daemon_pb2.SetSettingRequest(key=key, value=value or "", reset=value is None)
        return self._link.unary(self._daemon.SetSetting, request)
