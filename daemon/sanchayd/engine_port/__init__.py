"""The border to the engine: what the rooms ask of a catalog, and the engine as one (`native`).

Four ports: `questions`, `scanning`, `live` and `engine`, its lifetime. A room takes those that it needs; `port` is all
of them, for what opens a catalog and builds the rooms.

Nothing else imports `sanchay_engine`. Another catalog, such as a central one or a test's, stands in by the same
protocol.
"""

from sanchayd.engine_port.engine import EnginePort
from sanchayd.engine_port.live import LivePort
from sanchayd.engine_port.pool import CatalogPool, in_own_thread
from sanchayd.engine_port.questions import ExportPort, QuestionsPort
from sanchayd.engine_port.scanning import ScanningPort, ScanPort

__all__ = [
    "CatalogPool",
    "EnginePort",
    "ExportPort",
    "LivePort",
    "QuestionsPort",
    "ScanPort",
    "ScanningPort",
    "in_own_thread",
]
