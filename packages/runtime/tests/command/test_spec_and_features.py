"""`spec` writes what runc's does, apart from listed differences; `features` says what the tables hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tiffin.runtime.compile.mount_options import parse_options
from tiffin.spec.runtime.validation import validate
from tiffin_testing.oci_runtime import OCIRuntime

# JSON path -> why ours differs from runc 1.1
DIFFERENCES = {
    "ociVersion": "we follow 1.3",
    "hostname": "ours",
    "process.capabilities.ambient": "runc has left these out since 1.2 (CVE-2022-29162)",
    "linux.maskedPaths": "what Docker and containerd have added since",
    "linux.namespaces": "a cgroup namespace; runc makes one on cgroup v2 only",
    "mounts": "nosuid, noexec and nodev for /proc",
}


def flat(tree: Any, path: str = "") -> dict[str, Any]:
    """The members that are no objects, by JSON path."""
    if not isinstance(tree, dict):
        return {path: tree}
    found: dict[str, Any] = {}
    for name, value in tree.items():
        found |= flat(value, f"{path}.{name}" if path else name)
    return found


def spec(runtime: OCIRuntime, folder: Path, *flags: str) -> dict[str, Any]:
    folder.mkdir()
    runtime.call("spec", "--bundle", folder, *flags).must_succeed()
    config: dict[str, Any] = json.loads((folder / "config.json").read_text())
    return config


@pytest.mark.requires("runc")
@pytest.mark.parametrize("flags", [(), ("--rootless",)])
def test_spec_writes_what_runc_writes(
    flags: tuple[str, ...], ours: OCIRuntime, runc: OCIRuntime, tmp_path: Path
) -> None:
    expected, found = spec(runc, tmp_path / "theirs", *flags), spec(ours, tmp_path / "our", *flags)
    one, other = flat(expected), flat(found)
    assert {
        path for path in one.keys() | other.keys() if one.get(path) != other.get(path)
    } == DIFFERENCES.keys()
    assert set(expected["linux"]["maskedPaths"]) < set(found["linux"]["maskedPaths"])
    assert [row for row in found["linux"]["namespaces"] if row != {"type": "cgroup"}] == expected["linux"][
        "namespaces"
    ]
    found["mounts"][0].pop("options")
    assert found["mounts"] == expected["mounts"]


@pytest.mark.parametrize("flags", [(), ("--rootless",)])
def test_spec_writes_a_valid_config_once(flags: tuple[str, ...], ours: OCIRuntime, tmp_path: Path) -> None:
    assert validate(spec(ours, tmp_path / "bundle", *flags)) == []
    outcome = ours.call("spec", "--bundle", tmp_path / "bundle")
    assert outcome.exit_code == 1
    assert "File config.json exists. Remove it first" in outcome.stderr


@pytest.mark.requires("runc")
def test_features_holds_all_that_runc_has(ours: OCIRuntime, runc: OCIRuntime) -> None:
    expected, found = (json.loads(runtime.call("features").must_succeed().stdout) for runtime in (runc, ours))
    assert found["ociVersionMin"] == expected["ociVersionMin"]
    assert found["hooks"] == expected["hooks"]
    for path, value in flat(expected["linux"]).items():
        ours_value = flat(found["linux"])[path]
        assert set(value) <= set(ours_value) if isinstance(value, list) else ours_value == value
    assert set(expected["mountOptions"]) <= set(found["mountOptions"])
    key = "io.github.seccomp.libseccomp.version"
    assert found["annotations"][key] == expected["annotations"][key]


def test_features_names_everything_of_the_specification(ours: OCIRuntime) -> None:
    found = json.loads(ours.call("features").must_succeed().stdout)
    assert found["ociVersionMax"] == "1.3.0"
    assert {
        "namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "intelRdt", "memoryPolicy",
        "mountExtensions", "netDevices",
    } == found["linux"].keys()  # fmt: skip
    assert "time" in found["linux"]["namespaces"]
    assert "org.systemd.property." in found["potentiallyUnsafeConfigAnnotations"]


def test_each_mount_option_of_features_is_understood(ours: OCIRuntime) -> None:
    found = json.loads(ours.call("features").must_succeed().stdout)
    assert parse_options(found["mountOptions"]).data == ""
