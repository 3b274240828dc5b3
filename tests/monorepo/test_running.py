"""./test ends what runs when it is interrupted, and begins nothing more."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tiffin_testing.running import Running, run_in_time

WAITS = (sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(1000)")


def test_what_runs_ends_and_nothing_begins(tmp_path: Path) -> None:
    running, path = Running(tmp_path), tmp_path / "output"
    with ThreadPoolExecutor(1) as pool, path.open("wb") as output:
        code = pool.submit(run_in_time, WAITS, 60, output, running)
        wait_for_line(path)
        running.stop()
        assert code.result(30) not in (0, None)
    with pytest.raises(KeyboardInterrupt):
        running.begin(["true"], None)


def wait_for_line(path: Path) -> None:
    """Until there is one in the file."""
    tail = subprocess.Popen(["tail", "-n", "+1", "-f", path], stdout=subprocess.PIPE)
    with tail:
        assert tail.stdout is not None
        assert tail.stdout.readline()
        tail.kill()


def test_what_is_not_in_time_is_interrupted(tmp_path: Path) -> None:
    running = Running(tmp_path)
    with (tmp_path / "output").open("wb") as output:
        assert run_in_time(WAITS, 0.1, output, running) is None
        assert run_in_time(["sh", "-c", "exit 3"], 60, output, running) == 3
