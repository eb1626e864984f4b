"""The gRPC server: bound to the private socket or to loopback, every call behind the token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from sanchay import hosts as client_hosts
from sanchay.address import Places, socket_uri
from sanchay.errors import InputOutputError, SanchayError
from sanchay.names import shown_path
from sanchay.v1 import (
    catalog_pb2_grpc,
    change_pb2_grpc,
    daemon_pb2_grpc,
    dedupe_pb2_grpc,
    event_pb2_grpc,
    have_pb2_grpc,
    job_pb2_grpc,
    report_pb2_grpc,
    root_pb2_grpc,
    schedule_pb2_grpc,
    verify_pb2_grpc,
    view_pb2_grpc,
)
from sanchayd import hosts, paths
from sanchayd.catalog.changes import ChangeService
from sanchayd.catalog.service import CatalogService
from sanchayd.dedupe.service import DedupeService
from sanchayd.events.service import EventService
from sanchayd.have.service import HaveService
from sanchayd.jobs.scans import ScanService
from sanchayd.jobs.service import JobService
from sanchayd.live import LiveService
from sanchayd.log import logger
from sanchayd.reload import ConfigReload
from sanchayd.reports.service import ReportService
from sanchayd.roots.look import RootLooks
from sanchayd.roots.service import RootService
from sanchayd.rpc import certificate
from sanchayd.rpc.catalog import CatalogServicer
from sanchayd.rpc.change import ChangeServicer
from sanchayd.rpc.daemon import DaemonServicer
from sanchayd.rpc.dedupe import DedupeServicer
from sanchayd.rpc.event import EventServicer
from sanchayd.rpc.have import HaveServicer
from sanchayd.rpc.interceptors import CallInterceptor, Observe, TokenInterceptor
from sanchayd.rpc.job import JobServicer
from sanchayd.rpc.report import ReportServicer
from sanchayd.rpc.root import RootServicer
from sanchayd.rpc.schedule import ScheduleServicer
from sanchayd.rpc.verify import VerifyServicer
from sanchayd.rpc.view import ViewServicer
from sanchayd.schedules.service import ScheduleService
from sanchayd.upkeep.background import BackgroundService
from sanchayd.upkeep.status import StatusService
from sanchayd.verify.service import VerifyService
from sanchayd.views.service import ViewService

# The largest request asks about many paths; a client asks about more of them in several.
RECEIVE_MAX_BYTES = 256 << 10
CALLS_AT_ONCE = 4096
# At each of two doors, for gRPC counts at each. One takes some 50 KiB. Half of what the process may have open is left
# for files.
CONNECTIONS_MOST = 8192
CONNECTIONS_SHARE = 4
# A connection that has not said who it is by then goes, and so does one that no one asks anything by.
HANDSHAKE_LIMIT_MS = 3_000
IDLE_LIMIT_MS = 600_000
SERVICES = (
    "CatalogService",
    "ChangeService",
    "DaemonService",
    "DedupeService",
    "EventService",
    "HaveService",
    "JobService",
    "ReportService",
    "RootService",
    "ScheduleService",
    "VerifyService",
    "ViewService",
)
OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", RECEIVE_MAX_BYTES),
    ("grpc.max_metadata_size", 16 << 10),
    ("grpc.absolute_max_metadata_size", 16 << 10),
    ("grpc.server_handshake_timeout_ms", HANDSHAKE_LIMIT_MS),
    ("grpc.max_connection_idle_ms", IDLE_LIMIT_MS),
    ("grpc.so_reuseport", 0),
    ("grpc.enable_http_proxy", 0),
)


_log = logger("sanchayd.rpc")


@dataclass(frozen=True)
class Services:
    """The use cases that the wire reaches."""

    catalog: CatalogService
    changes: ChangeService
    events: EventService
    live: LiveService
    have: HaveService
    jobs: JobService
    scans: ScanService
    roots: RootService
    looks: RootLooks
    status: StatusService
    edits: ConfigReload
    background: BackgroundService
    schedules: ScheduleService
    reports: ReportService
    dedupe: DedupeService
    verify: VerifyService
    views: ViewService


def build(
    services: Services,
    token: str,
    *,
    reflection: bool,
    stopping: Callable[[], bool],
    observe: Observe | None = None,
) -> grpc.aio.Server:
    """A server with every service on it, not bound yet."""
    server = grpc.aio.server(
        interceptors=(TokenInterceptor(token), CallInterceptor(stopping, observe)),
        options=(*OPTIONS, ("grpc.max_allowed_incoming_connections", connections_most())),
        maximum_concurrent_rpcs=CALLS_AT_ONCE,
    )
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(CatalogServicer(services.catalog), server)
    change_pb2_grpc.add_ChangeServiceServicer_to_server(ChangeServicer(services.changes), server)
    daemon_pb2_grpc.add_DaemonServiceServicer_to_server(
        DaemonServicer(services.status, services.edits, services.background, services.schedules), server
    )
    dedupe_pb2_grpc.add_DedupeServiceServicer_to_server(DedupeServicer(services.dedupe), server)
    event_pb2_grpc.add_EventServiceServicer_to_server(EventServicer(services.events), server)
    have_pb2_grpc.add_HaveServiceServicer_to_server(HaveServicer(services.have), server)
    job_pb2_grpc.add_JobServiceServicer_to_server(JobServicer(services.jobs, services.scans), server)
    root_pb2_grpc.add_RootServiceServicer_to_server(
        RootServicer(services.roots, services.looks, services.live, services.schedules), server
    )
    schedule_pb2_grpc.add_ScheduleServiceServicer_to_server(ScheduleServicer(services.schedules), server)
    reports = ReportServicer(services.reports, services.schedules)
    report_pb2_grpc.add_ReportServiceServicer_to_server(reports, server)
    verify_pb2_grpc.add_VerifyServiceServicer_to_server(VerifyServicer(services.verify), server)
    view_pb2_grpc.add_ViewServiceServicer_to_server(ViewServicer(services.views), server)
    health_pb2_grpc.add_HealthServicer_to_server(HealthServicer(), server)
    if reflection:
        from grpc_reflection.v1alpha import reflection as reflecting

        names = [f"sanchay.v1.{name}" for name in SERVICES]
        reflecting.enable_server_reflection([*names, health.SERVICE_NAME, reflecting.SERVICE_NAME], server)
    return server


def connections_most() -> int:
    """How many connections a door takes at once; further ones are closed, so that files can still be opened."""
    return min(CONNECTIONS_MOST, hosts.open_files_limit() // CONNECTIONS_SHARE)


def bind(server: grpc.aio.Server, where: Places, listen: str) -> str:
    """Binds the socket, or loopback where that is asked for or there are no sockets; where clients find it.

    Raises socket_taken, or io where it cannot be bound.
    """
    try:
        if listen == "tcp" or (listen == "auto" and not client_hosts.HAS_UNIX_SOCKETS):
            identity = certificate.make()
            both_prove_it = grpc.ssl_server_credentials(
                [identity], root_certificates=identity.certificate, require_client_auth=True
            )
            if client_hosts.HAS_UNIX_SOCKETS:
                _bind_beside(server, where)
            port = server.add_secure_port("127.0.0.1:0", both_prove_it)
            paths.write_port(where, port, identity.key + identity.certificate)
            return f"127.0.0.1:{port}"
        socket = paths.claim_socket(where)
        server.add_insecure_port(socket_uri(socket))
    except RuntimeError as error:  # gRPC's word for every failure to bind
        raise InputOutputError(f"sanchayd cannot listen in {shown_path(where.run_folder)}: {error}.") from error
    return str(socket)


def _bind_beside(server: grpc.aio.Server, where: Places) -> None:
    """A private socket beside the port, if there can be one: anyone can take all the connections of a port."""
    try:
        server.add_insecure_port(socket_uri(paths.claim_socket(where)))
    except (RuntimeError, SanchayError, OSError) as error:
        where.socket_record.unlink(missing_ok=True)
        _log.warning("no socket beside the port", error=str(error))
