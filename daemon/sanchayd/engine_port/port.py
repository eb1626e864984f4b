"""A whole catalog: what you get by opening one. A service asks for the part that it needs."""

from __future__ import annotations

from typing import Protocol

from sanchayd.engine_port.dedupe import DedupePort
from sanchayd.engine_port.engine import EnginePort
from sanchayd.engine_port.have import ComparingPort
from sanchayd.engine_port.live import LivePort
from sanchayd.engine_port.questions import QuestionsPort
from sanchayd.engine_port.scanning import ScanningPort
from sanchayd.engine_port.verify import VerifyPort
from sanchayd.engine_port.views import ViewsPort


class CatalogPort(
    QuestionsPort, ViewsPort, ComparingPort, ScanningPort, LivePort, DedupePort, VerifyPort, EnginePort, Protocol
):
    """An open catalog; safe to call from any thread."""
