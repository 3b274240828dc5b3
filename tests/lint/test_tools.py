"""ruff, mypy and the generators as tests: their settings are in the root's pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
GENERATORS = sorted(path.name for path in (ROOT / "tools").glob("generate_*.py"))


def passes(*command: str) -> None:
    """Runs a tool in the root; fails the test with the tool's own words."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command[1:])}\n{done.stdout}{done.stderr}", pytrace=False)


def test_ruff_finds_nothing() -> None:
    passes(PYTHON, "-m", "ruff", "check", "--quiet", ".")


def test_everything_is_formatted() -> None:
    passes(PYTHON, "-m", "ruff", "format", "--check", "--quiet", ".")


@pytest.mark.timeout(300)
def test_types_are_strict_and_right() -> None:
    passes(PYTHON, "-m", "mypy")


@pytest.mark.parametrize("generator", GENERATORS)
def test_generated_files_are_up_to_date(generator: str) -> None:
    passes(PYTHON, f"tools/{generator}", "--check")


def test_the_locks_hold_what_is_asked_for() -> None:
    passes(PYTHON, "tools/lock.py", "--check")
