"""The defaults, against what `runc spec` writes and the kernel's headers say."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tiffin.spec.runtime import capabilities, defaults
from tiffin.spec.runtime.validation import validate

HEADER = Path("/usr/include/linux/capability.h")


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What runc has as its example."""
    if shutil.which("runc") is None:
        pytest.skip("runc is not installed")
    folder = tmp_path_factory.mktemp("bundle")
    subprocess.run(["runc", "spec", "--bundle", folder], check=True, timeout=30)
    return json.loads((folder / "config.json").read_text())


def test_mounts_are_those_of_runc(peer: Any) -> None:
    def settled(mounts: Any) -> dict[str, tuple[str, str, list[str]]]:
        return {one["destination"]: (one["type"], one["source"], one.get("options", [])) for one in mounts}

    ours = settled(defaults.mounts())
    assert ours.pop("/proc") == (
        "proc",
        "proc",
        ["nosuid", "noexec", "nodev"],
    )  # as Docker has it; runc has no options
    assert ours == {path: mount for path, mount in settled(peer["mounts"]).items() if path != "/proc"}


def test_paths_are_at_least_those_of_runc(peer: Any) -> None:
    assert {*defaults.MASKED_PATHS} >= {*peer["linux"]["maskedPaths"]}
    assert [*defaults.READONLY_PATHS] == peer["linux"]["readonlyPaths"]


def test_namespaces_and_limits_are_those_of_runc(peer: Any) -> None:
    assert {one["type"] for one in defaults.namespaces()} == {
        one["type"] for one in peer["linux"]["namespaces"] if one["type"] != "cgroup"
    }
    assert defaults.rlimits() == peer["process"]["rlimits"]


def test_capabilities_are_dockers_fourteen() -> None:
    assert len(capabilities.DEFAULT) == len(set(capabilities.DEFAULT)) == 14
    assert {*capabilities.DEFAULT} <= {*capabilities.NAMES}
    assert "CAP_SYS_ADMIN" not in capabilities.DEFAULT
    assert "inheritable" not in defaults.capabilities()  # CVE-2022-29162
    assert defaults.capabilities(["CAP_KILL"], ambient=True)["ambient"] == ["CAP_KILL"]


@pytest.mark.skipif(not HEADER.exists(), reason="no kernel headers")
def test_capability_numbers_are_the_kernels() -> None:
    numbers = {
        name: int(number)
        for name, number in re.findall(
            r"^#define\s+(CAP_\w+)\s+(\d+)\s*(?:/\*.*)?$", HEADER.read_text(), re.MULTILINE
        )
    }
    assert numbers.items() <= capabilities.NUMBERS.items() | numbers.items()
    assert {name: capabilities.NUMBERS[name] for name in numbers} == numbers


def test_devices_are_the_kernels_own() -> None:
    for device in defaults.devices():
        node = Path(device["path"]).stat()
        assert (device["major"], device["minor"]) == (node.st_rdev >> 8, node.st_rdev & 0xFF)


def test_the_config_is_sound_and_new_each_time() -> None:
    first = defaults.config()
    assert validate(first) == []
    first["mounts"][0]["options"].append("x")
    first["process"]["args"].append("x")
    assert defaults.config() != first
    assert validate({**first, "linux": {**first["linux"], "devices": defaults.devices()}}) == []
