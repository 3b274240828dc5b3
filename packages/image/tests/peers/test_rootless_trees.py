"""An ordinary user's unpackers, in a user namespace, make the same tree of what layers do to each other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.tier("rootless"),
    pytest.mark.requires("userns", "overlayfs_userns", "unshare"),
    pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user: ./test --tier rootless becomes one"),
]
PROGRAM = Path(__file__).with_name("ours.py")
ROOT = Path(__file__).parents[4]


def test_overlays_copies_and_one_folder_are_the_same(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests/support")])}
    command = ["unshare", "--user", "--map-root-user", sys.executable, str(PROGRAM), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["done"]
