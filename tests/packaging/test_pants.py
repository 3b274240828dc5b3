"""Pants holds the direction of imports; the check is seen to bite."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(600)
Pants = Callable[..., subprocess.CompletedProcess[str]]


def test_every_dependency_is_allowed(pants: Pants) -> None:
    listed = pants("dependencies", "::").stdout.splitlines()
    assert any(line.startswith("packages/spec/src/") for line in listed)


def test_an_import_up_the_list_is_refused(pants: Pants, clean_copy: Path) -> None:
    wrong = clean_copy / "packages/spec/src/tiffin/spec/upward.py"
    wrong.write_text("from tiffin.runtime.errors import NotFound\n\n__all__ = ['NotFound']\n")
    try:
        refused = pants("dependencies", "packages/spec/src::", check=False)
    finally:
        wrong.unlink()
    assert refused.returncode != 0
    assert "DependencyRuleActionDeniedError" in refused.stderr
