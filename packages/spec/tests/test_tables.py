"""The generated modules say what the structs say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_generated_modules_are_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "tools" / "generate_spec_tables.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
