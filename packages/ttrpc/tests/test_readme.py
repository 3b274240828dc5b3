"""The README's example is run, and prints what the README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()
SOCKET = "/tmp/greeter.sock"


def test_the_example_does_what_it_says(tmp_path: Path) -> None:
    server, client = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[:2]
    printed = re.findall(r"client.py\n(b'.*?)```", README, re.DOTALL)[0]
    ready = "await server.wait_closed()"
    assert ready in server
    server = server.replace(SOCKET, f"{tmp_path}/s").replace(
        ready, f"print('ready', flush=True)\n        {ready}"
    )
    with subprocess.Popen([sys.executable, "-c", server], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            done = subprocess.run(
                [sys.executable, "-c", client.replace(SOCKET, f"{tmp_path}/s")],
                capture_output=True, text=True, timeout=30, check=True,
            )  # fmt: skip
        finally:
            process.kill()
    assert done.stdout == printed
