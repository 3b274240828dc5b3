"""The README's example is run, and prints what the README says, but for pids and times."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tiffin_testing.bundle import make_bundle
from tiffin_testing.cgroups import CgroupParent

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()
SCRIPT = ["sh", "-c", "trap 'exit 3' TERM; echo up; sleep 1000 & wait"]


@pytest.mark.requires("root", "runc")
def test_the_example_prints_what_it_says(
    tmp_path: Path, cgroup_parent: CgroupParent, nothing_left: None
) -> None:
    example, printed = re.findall(r"```(?:python)?\n((?:import|TaskCreate).*?)```", README, re.DOTALL)
    cgroup = cgroup_parent.path_for("readme")
    make_bundle(tmp_path / "b", {"hostname": "tiffin", "linux": {"cgroupsPath": cgroup}}, args=SCRIPT)
    done = subprocess.run(
        [sys.executable, "-c", example], check=False, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    assert _comparable(done.stdout.replace(str(tmp_path), "/example")) == _comparable(printed)


def _comparable(text: str) -> str:
    return re.sub(r"\b[0-9]{2,}\b", "N", text)
