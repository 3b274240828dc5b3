"""What a shim tells of itself: `-info` as containerd 2.x reads it, `-v` for people."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from packages.shim.tests.command.shims import run

from tiffin.api.containerd.types.introspection_pb2 import RuntimeInfo
from tiffin.api.containerd.types.runc.options.oci_pb2 import Options
from tiffin.api.typeurl import pack
from tiffin.shim.command.version import VERSION

FEATURES = "types.containerd.io/opencontainers/runtime-spec/1/features/Features"


def info(folder: Path, data: bytes = b"") -> RuntimeInfo:
    done = run(folder, "-info", data=data)
    assert (done.returncode, done.stderr) == (0, b"")
    return RuntimeInfo.FromString(done.stdout)


def test_our_own_runtime_s_features(tmp_path: Path) -> None:
    found = info(tmp_path)
    assert (found.name, found.version.version) == ("io.containerd.tiffin.v2", VERSION)
    assert found.annotations["dev.tiffin.shim.takes-back"] == "true"
    assert found.features.type_url == FEATURES
    features = json.loads(found.features.value)
    assert features["ociVersionMin"] == "1.0.0"
    assert "dev.tiffin.runtime.version" in features["annotations"]
    assert not found.HasField("options")


def test_options_come_back_and_name_the_runtime(tmp_path: Path) -> None:
    binary = tmp_path / "other"
    binary.write_text('#!/bin/sh\ntest "$1" = features && echo \'{"ociVersionMin": "9.9"}\'\n')
    binary.chmod(0o755)
    options = pack(Options(binary_name=str(binary)))
    found = info(tmp_path, options.SerializeToString())
    assert found.options == options
    assert json.loads(found.features.value) == {"ociVersionMin": "9.9"}


@pytest.mark.parametrize("script", ["exit 1", "echo no features", "kill -9 $$"])
def test_a_runtime_without_features_has_none(tmp_path: Path, script: str) -> None:
    binary = tmp_path / "other"
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(0o755)
    found = info(tmp_path, pack(Options(binary_name=str(binary))).SerializeToString())
    assert not found.HasField("features")


def test_a_runtime_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = run(tmp_path, "-info", data=pack(Options(binary_name="/nowhere")).SerializeToString())
    assert done.returncode == 1
    assert "/nowhere is not installed" in done.stderr.decode()


def test_what_is_no_message_is_told(tmp_path: Path) -> None:
    done = run(tmp_path, "-info", data=b"\xff")
    assert done.returncode == 2
    assert "no options" in done.stderr.decode()


@pytest.mark.parametrize("flag", ["-v", "--version", "-version"])
def test_the_version(tmp_path: Path, flag: str) -> None:
    done = run(tmp_path, flag)
    assert done.returncode == 0
    assert f"Version:  {VERSION}" in done.stdout.decode()


def test_the_version_is_that_of_the_distribution() -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    assert tomllib.loads(project.read_text())["project"]["version"] == VERSION
