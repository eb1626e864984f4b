"""The daemon of Sanchay: it keeps the catalog, runs the scans and answers the clients. It never shows anything."""

import os

# Read when gRPC is first imported, no matter by what. The daemon never forks, and its log is not gRPC's: a line for
# each bad handshake would let a stranger fill a disk.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")


from sanchay import spared
from sanchay.version import __version__

__all__ = ["__version__"]

spared.spare((*spared.UNUSED_BY_PYDANTIC, "ipaddress"))
