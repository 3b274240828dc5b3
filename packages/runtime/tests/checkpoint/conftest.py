"""CRIU in the place of /usr/sbin/criu: the real one, or a program of the test's that speaks its protocol."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SPEAKER = Path(__file__).parent / "speaker.py"


@pytest.fixture
def speaker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`speaker(script)`: from here on `criu` is a program that answers as the script says; see speaker.py."""

    def put(script: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        program = folder / "criu"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {SPEAKER} {script} "$@"\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))

    return put
