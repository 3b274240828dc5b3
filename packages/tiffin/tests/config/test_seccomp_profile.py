"""--security-opt seccomp=FILE: profiles as Docker and as the OCI write them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tiffin.cli.parse import UsageError
from tiffin.cli.run.config.build import Built

Build = Callable[..., Built]


def test_a_profile_as_docker_writes_it(build: Build, tmp_path: Path) -> None:
    profile = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
        "syscalls": [
            {"names": ["read"], "action": "SCMP_ACT_ALLOW", "comment": "", "includes": {}, "excludes": {}},
            {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
            {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
            {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "99.0"}},
            {"name": "write", "action": "SCMP_ACT_ALLOW"},
        ],
    }
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(profile))
    names = [rule["names"] for rule in _seccomp(build(f"--security-opt=seccomp={path}"))["syscalls"]]
    assert names == [["read"], ["clone"], ["write"]]
    admin = _seccomp(build(f"--security-opt=seccomp={path}", "--cap-add=sys_admin"))
    assert [rule["names"] for rule in admin["syscalls"]] == [["read"], ["mount"], ["write"]]
    if os.uname().machine == "x86_64":
        assert admin["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]


def _seccomp(built: Built) -> Any:
    return built.config["linux"]["seccomp"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"defaultAction": "x", "syscalls": 3}', "\xff"])
def test_no_profiles(build: Build, tmp_path: Path, text: str) -> None:
    path = tmp_path / "profile.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match="--security-opt"):
        build(f"--security-opt=seccomp={path}")
