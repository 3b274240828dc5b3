"""A copy to a full disk: one line, and nothing is left but whole blobs that a second try takes over."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from packages.image.tests.command.conftest import PROGRAM, Program

from tiffin.image.writing import write_layout
from tiffin_testing.images import file, tar

pytestmark = pytest.mark.requires("root")
SCRIPT = """
mount -t tmpfs -o size=2m tmpfs "$2" || exit 99
"$1" copy -q oci:big:1 "$3"
code=$?
find "$2" -type f | sort
exit $code
"""


@pytest.fixture
def full(program: Program) -> Path:
    """Where a disk of 2 MB will be; the image beside it has 6 MB in three layers."""
    layers = [tar(file(f"file{number}", os.urandom(2_000_000))) for number in range(3)]
    write_layout(str(program.folder / "big"), layers, {}, "1")
    folder = program.folder / "disk"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("kind", ["oci", "oci-archive", "docker-archive", "dir", "tiffin"])
def test_nothing_half_made_is_left(kind: str, program: Program, full: Path) -> None:
    place = "tiffin:app" if kind == "tiffin" else f"{kind}:{full}/made"
    if kind == "tiffin":
        program.environment["TIFFIN_ROOT"] = str(full / "store")
    command = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        SCRIPT,
        "sh",
        PROGRAM,
        str(full),
        place,
    ]
    done = subprocess.run(
        command,
        cwd=program.folder,
        env=program.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done
    (line,) = done.stderr.splitlines()
    assert line.startswith("tiffin-image copy:")
    assert "No space left on device" in line
    left = [Path(name) for name in done.stdout.splitlines()]
    if kind.endswith("archive"):
        assert left == []
    assert not [path for path in left if path.name in ("index.json", "manifest.json", "made")]
    assert not [path for path in left if path.name.startswith(".tiffin")]
