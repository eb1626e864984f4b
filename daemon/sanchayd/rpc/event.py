"""EventService on the wire."""

# ruff: noqa: N802, ARG002 - gRPC gives the names of the calls and their arguments

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc

from sanchay.v1 import event_pb2, event_pb2_grpc
from sanchayd.events.service import EventService
from sanchayd.rpc.convert import event as convert

Context = grpc.aio.ServicerContext[Any, Any]


class EventServicer(event_pb2_grpc.EventServiceServicer):
    """Converts, and leaves the rest to `EventService`."""

    def __init__(self, service: EventService) -> None:
        self._service = service

    async def Subscribe(
        self, request: event_pb2.SubscribeRequest, context: Context
    ) -> AsyncIterator[event_pb2.SubscribeResponse]:
        """Events in batches; the next is made when the client has room for it."""
        events = self._service.subscribe(
            list(request.kinds), list(request.roots), recent=request.recent, follow=request.follow
        )
        async with aclosing(events) as batches:
            async for batch in batches:
                yield convert.from_batch(batch)
