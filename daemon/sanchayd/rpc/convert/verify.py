"""Messages of `verify.proto`."""

from __future__ import annotations

from dataclasses import asdict

from sanchay.v1 import verify_pb2
from sanchayd.engine_port.verify_values import Finding
from sanchayd.rpc.convert import common
from sanchayd.verify.kind import DamagedFile, SuspectFile, VerifyResult
from sanchayd.verify.repair import RepairResult

#: Paths of a result, as bytes of a message; files that do not fit are in the journal.
FILES_MAX_BYTES = 2 << 20


def from_result(result: VerifyResult, *, with_files: bool) -> verify_pb2.VerifyResult:
    """What a verification came to; both sides have the same names. Its files only where they are asked for."""
    counts = {name: value for name, value in asdict(result).items() if name not in ("damaged", "suspect")}
    message = verify_pb2.VerifyResult(**counts)
    if with_files:
        message.damaged.extend(from_damaged(file) for file in result.damaged)
        message.suspect.extend(from_suspect(file) for file in result.suspect)
        while message.ByteSize() > FILES_MAX_BYTES:
            del (message.damaged or message.suspect)[-1]
    return message


def from_damaged(file: DamagedFile) -> verify_pb2.DamagedFile:
    """A damaged file with its healthy copies."""
    return verify_pb2.DamagedFile(
        id=file.id,
        path=common.path(bytes.fromhex(file.path)),
        twins=[common.path(bytes.fromhex(twin)) for twin in file.twins],
    )


def from_suspect(file: SuspectFile) -> verify_pb2.SuspectFile:
    """A suspect file with both hashes."""
    return verify_pb2.SuspectFile(
        id=file.id,
        path=common.path(bytes.fromhex(file.path)),
        algorithm=file.algorithm,
        hash=bytes.fromhex(file.hash),
        found_hash=bytes.fromhex(file.found_hash),
    )


def from_finding(finding: Finding) -> verify_pb2.Finding:
    """A finding of the journal."""
    return verify_pb2.Finding(
        id=finding.id,
        kind=finding.kind,
        state=finding.state,
        found_ns=finding.found_ns,
        path=common.path(finding.path),
        size=finding.size,
        algorithm=finding.algorithm,
        hash=bytes.fromhex(finding.hash),
        found_hash=bytes.fromhex(finding.found_hash),
        repaired_by=finding.repaired_by,
    )


def from_repair(result: RepairResult) -> verify_pb2.RepairResult:
    """What a repair came to; both sides have the same names, but for the sum of what was left."""
    counts = {name: value for name, value in asdict(result).items() if name != "errors"}
    return verify_pb2.RepairResult(**counts)
