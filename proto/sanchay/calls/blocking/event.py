# Written by proto/blocking.py from sanchay/calls/aio: edit that file.
"""What happens."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING

from sanchay import _requests, v1
from sanchay._link import Answers, Link
from sanchay._requests import RootName

if TYPE_CHECKING:
    from sanchay.v1 import event_pb2_grpc


class EventCalls:
    """The calls, blocking."""

    _link: Link

    @cached_property
    def _event(self) -> event_pb2_grpc.EventServiceStub:
        return self._link.stub(v1.event_pb2.DESCRIPTOR.services_by_name["EventService"])  # type: ignore[no-any-return]

    def events(
        self, *, kinds: Iterable[str] = (), roots: Iterable[RootName] = (), recent: bool = True, follow: bool = False
    ) -> Answers[v1.event_pb2.Event]:
        """Events, oldest first: those that the daemon remembers, and with `follow` those to come, until it ends.

        A kind is one of event.proto's, or `file` or `root` for several. Raises ShuttingDown or DaemonUnavailable where
        the daemon ends before the caller stops.
        """
        request = _requests.subscribe(kinds, roots, recent, follow)
        with closing(self._link.stream(self._event.Subscribe, request, None)) as responses:
            for response in responses:
                for event in response.events:
                    yield event
