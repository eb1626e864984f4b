"""The package as it is published: stubs that match their protos, and imports that cost nothing."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sanchay
from sanchay import v1
from sanchay.client import AsyncClient, Client
from tests.support.daemon import REPOSITORY, environment


@pytest.mark.parametrize("generator", ["generate.py", "blocking.py"])
def test_what_is_generated_and_committed_is_what_its_generator_writes(generator: str, tmp_path: Path) -> None:
    check = [sys.executable, str(REPOSITORY / "proto" / generator), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False, env=environment(tmp_path))
    assert done.returncode == 0, done.stderr


def imported_by(statement: str, tmp_path: Path) -> set[str]:
    code = f"{statement}\nimport sys\nprint(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment(tmp_path)
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement", ["import sanchay", "import sanchay.errors", "import sanchay.address", "import sanchay.launcher"]
)
def test_nothing_heavy_is_imported_before_a_client_is_made(statement: str, tmp_path: Path) -> None:
    assert not imported_by(statement, tmp_path) & {"grpc", "google.protobuf", "platformdirs", "sanchayd"}


def test_the_client_needs_neither_the_daemon_nor_grpc_nor_the_details_of_errors(tmp_path: Path) -> None:
    modules = imported_by("import sanchay; sanchay.Client", tmp_path)
    assert "sanchay.client" in modules
    slow = {"asyncio", "grpc", "pydantic", "sanchayd", "sqlalchemy", "ssl"}
    assert not {name for name in modules if name.split(".")[0] in slow}
    assert "google.rpc.status_pb2" not in modules


def test_every_name_of_the_package_is_there_and_no_other() -> None:
    for name in sanchay.__all__:
        assert getattr(sanchay, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        importlib.import_module("sanchay").nonsense  # noqa: B018


def public(of: type) -> dict[str, list[str]]:
    return {
        name: [str(parameter) for parameter in inspect.signature(member).parameters.values()]
        for name, member in inspect.getmembers(of, callable)
        if not name.startswith("_")
    }


def test_both_clients_have_the_same_calls_with_the_same_arguments() -> None:
    assert public(Client) == public(AsyncClient)
    assert sanchay.AsyncClient is AsyncClient
    made, awaited = (inspect.signature(of.__init__).parameters.keys() for of in (Client, AsyncClient))
    assert made - {"tell"} == awaited - {"tell"}  # only a call that blocks has to say what it waits for


def test_every_call_of_the_protos_is_in_the_clients() -> None:
    folder = Path(v1.__path__[0])
    services = {file.stem for file in folder.glob("*.proto") if "\nservice " in file.read_text("utf-8")}
    assert {"catalog", "daemon", "job", "root"} <= services
    for service in services:
        module = importlib.import_module(f"sanchay.v1.{service}_pb2")
        source = inspect.getsource(importlib.import_module(f"sanchay.calls.aio.{service}"))
        for described in module.DESCRIPTOR.services_by_name.values():
            for method in described.methods:
                assert len(re.findall(rf"self\._{service}\.{method.name}\b", source)) == 1, method.name
