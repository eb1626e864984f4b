"""Generates the Python stubs of `sanchay/v1/*.proto`, which are committed.

    python proto/generate.py           writes them; needs the pinned tools below
    python proto/generate.py --check   changes nothing; exit 1 where the committed stubs have drifted from the protos

The stubs come from the oldest supported tools, because a protobuf runtime refuses stubs that are newer than itself and
accepts older ones. With other tools `--check` compares what the stubs describe instead of their bytes, so that it runs
on every Python.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

PROTO = Path(__file__).resolve().parent
STUBS = PROTO / "sanchay" / "v1"
PINNED = {"grpcio-tools": "1.62.3", "protobuf": "4.25.9", "mypy-protobuf": "3.6.0"}
OUTPUTS = ("python_out", "mypy_out", "grpc_python_out", "mypy_grpc_out")
SERVICE_SUFFIXES = ("_pb2_grpc.py", "_pb2_grpc.pyi")


def pinned_tools_missing() -> list[str]:
    """The pinned tools that this interpreter lacks or has in another version, as `name==version`."""
    missing = []
    for name, version in PINNED.items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = ""
        if found != version:
            missing.append(f"{name}=={version}")
    return missing


def protoc(options: list[str]) -> None:
    """Runs protoc over every proto. The plug-ins are found beside the interpreter."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    sources = sorted(f"sanchay/v1/{proto.name}" for proto in STUBS.glob("*.proto"))
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", *options, *sources]
    subprocess.run(command, cwd=PROTO, env={**os.environ, "PATH": path}, check=True, stderr=subprocess.DEVNULL)


def generate(target: Path) -> dict[str, bytes]:
    """The stubs by file name, generated below `target`."""
    protoc([f"--{output}={target}" for output in OUTPUTS])
    with_service = {proto.stem for proto in STUBS.glob("*.proto") if "\nservice " in proto.read_text("utf-8")}
    stubs = {}
    for stub in sorted((target / "sanchay" / "v1").iterdir()):
        if stub.name.endswith(SERVICE_SUFFIXES) and stub.name.split("_pb2")[0] not in with_service:
            continue
        stubs[stub.name] = stub.read_bytes()
    return stubs


def committed() -> dict[str, bytes]:
    """The committed stubs by file name."""
    return {stub.name: stub.read_bytes() for stub in sorted(STUBS.glob("*_pb2*.py*"))}


def drift_of_bytes() -> list[str]:
    """Names of stubs whose bytes are not what the pinned tools make of the protos."""
    with tempfile.TemporaryDirectory() as folder:
        expected = generate(Path(folder))
    actual = committed()
    return [name for name in sorted(expected.keys() | actual.keys()) if expected.get(name) != actual.get(name)]


def drift_of_descriptors() -> list[str]:
    """Names of stubs that describe something else than their proto does."""
    descriptor_pb2 = importlib.import_module("google.protobuf.descriptor_pb2")
    with tempfile.TemporaryDirectory() as folder:
        described = Path(folder) / "all.pb"
        protoc([f"--descriptor_set_out={described}"])
        files = descriptor_pb2.FileDescriptorSet.FromString(described.read_bytes()).file
    sys.path.insert(0, str(PROTO))
    drifted = []
    for file in files:
        module = importlib.import_module(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
        actual = descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
        for message in (file, actual):
            message.ClearField("source_code_info")
            _clear_json_names(message)
        stub = (STUBS / Path(file.name).name).with_suffix("")
        text = Path(f"{stub}_pb2_grpc.py").read_text("utf-8") if file.service else ""
        methods = [f"/{file.package}.{s.name}/{m.name}'" for s in file.service for m in s.method]
        if file != actual or not all(method in text for method in methods):
            drifted.append(f"{stub.name}_pb2*")
    return drifted


def _clear_json_names(file: object) -> None:
    """protoc writes them or not by version; we have none of our own."""
    pending = list(file.message_type)  # type: ignore[attr-defined]
    while pending:
        message = pending.pop()
        pending.extend(message.nested_type)
        for field in message.field:
            field.ClearField("json_name")


def main() -> int:
    """0: done, or no drift; 1: drift; 2: the tools are missing."""
    parser = argparse.ArgumentParser(description="Generates the committed gRPC stubs.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where the stubs have drifted")
    check = parser.parse_args().check
    missing = pinned_tools_missing()
    if missing and not check:
        print(f"generate.py needs exactly {' '.join(missing)} (in a separate virtual environment)", file=sys.stderr)
        return 2
    if not check:
        with tempfile.TemporaryDirectory() as folder:
            stubs = generate(Path(folder))
        for name in committed().keys() - stubs.keys():
            (STUBS / name).unlink()
        for name, content in stubs.items():
            (STUBS / name).write_bytes(content)
        return 0
    if importlib.util.find_spec("grpc_tools") is None:
        print("generate.py --check needs grpcio-tools", file=sys.stderr)
        return 2
    drifted = drift_of_descriptors() if missing else drift_of_bytes()
    for name in drifted:
        print(f"{name} has drifted from its proto: run python proto/generate.py", file=sys.stderr)
    return 1 if drifted else 0


if __name__ == "__main__":
    sys.exit(main())
