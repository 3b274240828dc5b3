"""The package asks for what its generated modules insist on at their import."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packages.api.tests import catalogue

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]


def asked(requirements: list[str], name: str) -> str:
    """The lower bound of a requirement."""
    (line,) = [line for line in requirements if re.match(rf"{name}\b", line)]
    found = re.search(r">=([\d.]+)", line)
    assert found, line
    return found[1]


def generated_with(pattern: str, listed: list[str]) -> set[str]:
    """The version that generated modules tell in their text."""
    paths = (catalogue.SOURCE / f"{name.replace('.', '/')}.py" for name in listed)
    return {version for path in paths for version in re.findall(pattern, path.read_text())}


def test_protobuf_is_not_older_than_the_messages() -> None:
    versions = generated_with(r"# Protobuf Python Version: ([\d.]+)", catalogue.MESSAGES)
    assert versions == {asked(PROJECT["dependencies"], "protobuf")}


def test_grpc_is_not_older_than_the_stubs() -> None:
    versions = generated_with(r"GRPC_GENERATED_VERSION = '([\d.]+)'", catalogue.GRPC)
    assert versions == {asked(PROJECT["optional-dependencies"]["grpc"], "grpcio")}
