"""Snapshots, mounted by what their snapshotter says: as root, and as an ordinary user in a user namespace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("mounted.py")
ROOT = Path(__file__).parents[4]
CHECKS = ("children", "views", "long_chain")
KINDS = ("overlayfs", "native")
ODD = "with a space, a: colon and a \\"


def check(name: str, kind: str, folder: Path, *within: str) -> None:
    """Runs a check in a process of its own."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests/support")])
    done = subprocess.run(
        [*within, sys.executable, str(PROGRAM), name, kind, str(folder)],
        capture_output=True, text=True, timeout=100, check=False, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.requires("root", "ns_mount", "overlayfs")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CHECKS)
def test_as_root(name: str, kind: str, tmp_path: Path) -> None:
    check(name, kind, tmp_path / ("d" * 100) / "store")


@pytest.mark.requires("root", "ns_mount", "overlayfs")
@pytest.mark.parametrize("name", CHECKS)
def test_in_a_folder_whose_name_overlayfs_would_take_apart(name: str, tmp_path: Path) -> None:
    check(name, "overlayfs", tmp_path / ODD)


@pytest.mark.tier("rootless")
@pytest.mark.requires("userns", "overlayfs_userns", "unshare")
@pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user: ./test --tier rootless becomes one")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CHECKS)
def test_as_an_ordinary_user(name: str, kind: str, tmp_path: Path) -> None:
    check(name, kind, tmp_path / "store", "unshare", "--user", "--map-root-user")
