"""The border to the engine: what the rooms ask of a catalog, and the engine as one (`native`).

Eight ports: `questions`, `views`, `have`, `scanning`, `live`, `dedupe`, `verify` and `engine`, its lifetime. A room
takes those that it needs; `port` is all of them, for what opens a catalog and builds the rooms.

Nothing else imports `sanchay_engine`. Another catalog, such as a central one or a test's, stands in by the same
protocol.
"""

from sanchayd.engine_port.dedupe import ActPort, DedupePort
from sanchayd.engine_port.engine import EnginePort
from sanchayd.engine_port.have import ComparingPort, HavePort
from sanchayd.engine_port.live import LivePort
from sanchayd.engine_port.pool import CatalogPool, in_own_thread
from sanchayd.engine_port.questions import ExportPort, QuestionsPort
from sanchayd.engine_port.scanning import ScanningPort, ScanPort
from sanchayd.engine_port.verify import VerificationPort, VerifyPort
from sanchayd.engine_port.views import GroupViewPort, HitViewPort, ViewsPort

__all__ = [
    "ActPort",
    "CatalogPool",
    "ComparingPort",
    "DedupePort",
    "EnginePort",
    "ExportPort",
    "GroupViewPort",
    "HavePort",
    "HitViewPort",
    "LivePort",
    "QuestionsPort",
    "ScanPort",
    "ScanningPort",
    "VerificationPort",
    "VerifyPort",
    "ViewsPort",
    "in_own_thread",
]
