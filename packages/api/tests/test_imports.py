"""What an import brings: a service brings what it speaks of, no other service, and no grpc where none is asked for."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from packages.api.tests import catalogue

TASKS = "tiffin.api.containerd.services.tasks.v1.tasks"
IMAGES = "tiffin.api.cri.runtime.v1.image_service"


def brought(program: str) -> set[str]:
    """The modules that a program imports, in an interpreter of its own."""
    text = f"import sys, json\n{program}\nprint(json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-W", "error", "-c", text]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return set(json.loads(done.stdout))


def services(modules: set[str]) -> set[str]:
    return {name for name in modules if name in catalogue.MESSAGES and ".services." in name}


@pytest.mark.parametrize("kind", ["pb2", "services"])
def test_a_service_brings_no_other_one_and_no_grpc(kind: str) -> None:
    modules = brought(f"import {TASKS}_{kind}")
    assert services(modules) == {f"{TASKS}_pb2"}
    assert not {"grpc", "asyncio", "dataclasses"} & modules


def test_images_of_cri_bring_no_containers() -> None:
    modules = brought(f"import {IMAGES}_services")
    assert "tiffin.api.cri.runtime.v1.sandbox_pb2" in modules  # a pull is for one
    assert not {"tiffin.api.cri.runtime.v1.container_pb2", "tiffin.api.cri.runtime.v1.stats_pb2"} & modules


def test_without_grpc_everything_else_can_be_imported() -> None:
    names = [*catalogue.MESSAGES, *catalogue.SERVICES, "tiffin.api.typeurl", "tiffin.api.service"]
    modules = brought("sys.modules['grpc'] = None\n" + "\n".join(f"import {name}" for name in names))
    assert set(names) <= modules


def test_the_stubs_bring_grpc() -> None:
    assert "grpc" in brought(f"import {TASKS}_pb2_grpc")


def test_the_namespace_package_has_no_init() -> None:
    assert not (catalogue.SOURCE / "tiffin/__init__.py").exists()
    assert (catalogue.PACKAGE / "py.typed").is_file()
