"""The front starts the interpreter that it belongs to, with that one's library, whatever else is called python3."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tiffin_testing.oci_runtime import runtime_command

if TYPE_CHECKING:
    from pathlib import Path


def test_another_python_in_the_search_path_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "python3").symlink_to("/bin/true")
    command = [*runtime_command("tiffin-runtime"), "features"]
    done = subprocess.run(
        command,
        env={"PATH": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert '"ociVersionMax"' in done.stdout
