"""Limits: memory, processors, processes, ulimits; and the cgroup that they are set in."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from tiffin.cli.parse import UsageError
from tiffin.cli.run.config.build import Built
from tiffin.spec.runtime import defaults

Build = Callable[..., Built]
MANY = 64


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with many processors, which counts swap."""
    monkeypatch.setattr("tiffin.cli.run.config.resources._swap_is_counted", lambda: True)
    monkeypatch.setattr(os, "cpu_count", lambda: MANY)


def resources(built: Built) -> dict[str, Any]:
    return {key: value for key, value in built.config["linux"]["resources"].items() if key != "devices"}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], {}),
        (["-m", "1g"], {"memory": {"limit": 2**30, "swap": 2**31}}),
        (["--memory=1g", "--memory-swap=-1"], {"memory": {"limit": 2**30, "swap": -1}}),
        (["--memory=1g", "--memory-swap=1g"], {"memory": {"limit": 2**30, "swap": 2**30}}),
        (["--memory-reservation=1m"], {"memory": {"reservation": 2**20}}),
        (["--cpus=1.5"], {"cpu": {"period": 100000, "quota": 150000}}),
        (["--cpus=0"], {}),
        (["--cpu-shares=512"], {"cpu": {"shares": 512}}),
        (["-c", "2", "--cpuset-cpus=0-2,4", "--cpuset-mems=0"], {"cpu": {"shares": 2, "cpus": "0-2,4", "mems": "0"}}),
        (["--pids-limit=10"], {"pids": {"limit": 10}}),
        (["--pids-limit=-1"], {"pids": {"limit": -1}}),
        (["--pids-limit=0"], {"pids": {"limit": -1}}),
    ],
)  # fmt: skip
def test_resources(build: Build, flags: list[str], expected: dict[str, Any]) -> None:
    assert resources(build(*flags)) == expected


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (["--memory-swap=1g"], "give --memory too"),
        (["--memory=2g", "--memory-swap=1g"], "must be at least --memory"),
        (["--cpus=65"], "out of range"),
        (["--memory=1m", "--memory-reservation=2m"], "must not be more than --memory"),
        (["--cpus=0.001"], "out of range"),
        (["--cpus=x"], "--cpus"),
        (["--pids-limit=x"], "--pids-limit"),
        (["--ulimit=nofile"], "expected NAME=VALUE"),
        (["--ulimit=files=1"], "there is no limit 'files'"),
        (["--ulimit=nofile=2:1"], "above the hard one"),
        (["--ulimit=nofile=x"], "--ulimit"),
        (["--oom-score-adj=x"], "--oom-score-adj"),
    ],
)
def test_mistakes(build: Build, flags: list[str], text: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(*flags)
    assert text in str(caught.value)


def test_a_limit_without_cgroups_is_refused_with_the_remedy(build: Build) -> None:
    with pytest.raises(UsageError, match=r"--memory needs a cgroup.*run as root.*Delegate=yes"):
        build("--memory=1g", cgroup_version=0)


def test_ulimits(build: Build) -> None:
    built = build("--ulimit=nofile=10", "--ulimit=core=0:-1", "--ulimit=nofile=1:20")
    assert built.config["process"]["rlimits"] == [
        {"type": "RLIMIT_NOFILE", "soft": 1, "hard": 20},
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 2**64 - 1},
    ]
    assert build().config["process"]["rlimits"] == []


def test_oom_score(build: Build) -> None:
    assert build("--oom-score-adj=-5").config["process"]["oomScoreAdj"] == -5


def test_the_cgroup(build: Build) -> None:
    assert build().config["linux"]["cgroupsPath"] == "/tiffin-box"
    assert build(cgroup_parent="/a/b").config["linux"]["cgroupsPath"] == "/a/b/tiffin-box"
    assert "cgroupsPath" not in build(cgroup_version=0).config["linux"]


def test_device_rules_start_with_none(build: Build) -> None:
    assert build().config["linux"]["resources"]["devices"] == defaults.device_rules()


def test_a_device_and_its_rule(build: Build) -> None:
    built = build("--device=/dev/zero:/dev/given:rw", "--device=/dev/null:m")
    given, null = built.config["linux"]["devices"]
    assert (given["path"], given["type"], given["major"], given["minor"]) == ("/dev/given", "c", 1, 5)
    assert null["path"] == "/dev/null"
    assert built.config["linux"]["resources"]["devices"][-2:] == [
        {"allow": True, "type": "c", "major": 1, "minor": 5, "access": "rw"},
        {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "m"},
    ]


def test_a_device_without_root_is_bound(build: Build) -> None:
    built = build("--device=/dev/zero:/dev/given", rootless=True)
    assert "devices" not in built.config["linux"]
    assert built.config["mounts"][-1]["source"] == "/dev/zero"
    assert built.config["mounts"][-1]["destination"] == "/dev/given"


@pytest.mark.parametrize(
    "text", ["/dev/none", "/etc/passwd", "/etc/apt", "/dev/null:x", "/dev/null:/a:rwx", "/dev/null:/a:r:w"]
)
def test_no_devices(build: Build, text: str) -> None:
    with pytest.raises(UsageError, match="--device"):
        build(f"--device={text}")


def test_a_folder_of_devices_where_files_come_and_go(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of /dev/bus, for example; what was listed may be gone."""
    monkeypatch.setattr(os, "walk", lambda _: iter([("/dev", [], ["gone", "null", "stdin"])]))
    made = build("--device=/dev:/dev/bus").config["linux"]["devices"]
    assert [device["path"] for device in made] == ["/dev/bus/null"]
