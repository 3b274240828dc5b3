"""Other Pythons on this machine, found by running them."""

from __future__ import annotations

import subprocess
from pathlib import Path

ASK = "import sys, venv; print('{}.{}'.format(*sys.version_info[:2]), sys.executable)"


def find_python(version: str) -> str | None:
    """The real executable of a Python `3.N`, or None; pyenv's shims lie."""
    candidates = [
        f"python{version}",
        f"/usr/bin/python{version}",
        f"/usr/local/bin/python{version}",
        "python3",
    ]
    candidates += map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python3"))
    for candidate in candidates:
        try:
            done = subprocess.run(
                [candidate, "-I", "-c", ASK], capture_output=True, text=True, timeout=20, check=False
            )
        except OSError:
            continue
        found, _, executable = done.stdout.strip().partition(" ")
        if done.returncode == 0 and found == version:
            return executable
    return None
