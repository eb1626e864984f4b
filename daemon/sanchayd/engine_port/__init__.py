"""The border to the engine: what the services ask of a catalog (`port`), and the engine as one (`native`).

Nothing else imports `sanchay_engine`. Another catalog, such as a central one or a test's, stands in by the same
protocol.
"""

from sanchayd.engine_port.pool import CatalogPool, in_own_thread
from sanchayd.engine_port.port import CatalogPort, ExportPort, ScanPort

__all__ = ["CatalogPool", "CatalogPort", "ExportPort", "ScanPort", "in_own_thread"]
