"""What every commit keeps: no address of a package index, the files that each package has, scripts that run."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml"))
INDEX = re.compile(rb"--(extra-)?index-url|https?://[^\s\"']*/simple\b|https?://files\.pythonhosted\.org")
SCRIPTS = ("tiffin", "test", "pants", ".ci/run")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=30
    ).stdout
    return [ROOT / os.fsdecode(name) for name in listed.split(b"\0") if name]


def test_no_file_holds_the_address_of_a_package_index() -> None:
    found = [str(path) for path in tracked() if path.is_file() and path != Path(__file__).resolve()
             and INDEX.search(path.read_bytes())]  # fmt: skip
    assert not found


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_each_package_has_its_files(package: Path) -> None:
    for name in ("README.md", "CHANGELOG.md", "BUILD", "src/BUILD", "tests/BUILD"):
        assert (package / name).is_file(), f"packages/{package.name}/{name} is missing"
    assert not (package / "src/tiffin/__init__.py").exists(), "tiffin is a namespace (PEP 420)"
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    assert project["version"]
    assert project["requires-python"].replace(" ", "") == ">=3.11"
    assert project["license"] == "Apache-2.0"


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_can_be_run(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / script], check=True, timeout=30)
