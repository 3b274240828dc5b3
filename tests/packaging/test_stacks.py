"""Every stack packs, is composed of the boxes that it says, and starts."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tiffin_testing.environments import run
from tiffin_testing.requirements import unmet

ROOT = Path(__file__).resolve().parents[2]
STACKS = {path.parent.name: tomllib.loads(path.read_text()) for path in sorted(ROOT.glob("stacks/*/*.toml"))}
CASES = [
    pytest.param(name, case, id=f"{name}-{'-'.join(case['arguments'])}")
    for name, stack in STACKS.items()
    for case in stack["smoke"]
]
# finds every distribution that an installed one requires here (extras apart); importlib raises where one is missing
CHECK_REQUIREMENTS = """
import importlib.metadata, re
elsewhere = re.compile("extra ==|python_version <|PyPy|Windows|win32")
for distribution in importlib.metadata.distributions():
    for line in distribution.requires or ():
        if not elsewhere.search(line):
            importlib.metadata.version(re.match(r"[A-Za-z0-9._-]+", line).group())
"""
pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("name", STACKS)
def test_it_is_composed_of_the_boxes_that_it_says(name: str) -> None:
    targets = re.findall(r'"//packages/(\w+):dist"', (ROOT / "stacks" / name / "BUILD").read_text())
    assert targets == STACKS[name]["stack"]["boxes"]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_it_starts(name: str, case: dict[str, Any], built: Path, tmp_path: Path) -> None:
    if missing := unmet(case.get("requires", [])):
        pytest.skip(f"requires {', '.join(missing)}")
    (file,) = built.rglob(STACKS[name]["stack"]["file"])
    environment: dict[str, str] = {**os.environ, "PEX_ROOT": str(tmp_path / "pex")}
    done = subprocess.run(
        [file, *case["arguments"]],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert case["says"] in done.stdout


@pytest.mark.parametrize("name", STACKS)
def test_it_holds_what_its_wheels_ask_for(name: str, built: Path, tmp_path: Path) -> None:
    (file,) = built.rglob(STACKS[name]["stack"]["file"])
    environment = {**os.environ, "PEX_ROOT": str(tmp_path / "pex"), "PEX_INTERPRETER": "1"}
    run([file, "-c", CHECK_REQUIREMENTS], cwd=tmp_path, environment=environment)


def test_every_stack_has_its_table() -> None:
    with_target = {path.parent.name for path in ROOT.glob("stacks/*/BUILD")}
    assert with_target == set(STACKS)


def test_dist_has_no_unknown_pex(built: Path) -> None:
    assert {path.name for path in built.rglob("*.pex")} == {
        stack["stack"]["file"] for stack in STACKS.values()
    }


def test_the_readme_lists_every_stack() -> None:
    text = (ROOT / "stacks/README.md").read_text()
    assert all(f"| `{name}` |" in text for name in STACKS)
