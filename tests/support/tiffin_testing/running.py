"""`Running`: the pytests of ./test that run now, each in time, and ended together by a Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

GRACE = 20.0  # seconds that pytest has to clean up in, after its time is over


class Running:
    """The pytests that run now, until they are stopped: from then on none begins. folder: where they run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def begin(self, command: Sequence[str], output: BinaryIO | None) -> subprocess.Popen[bytes]:
        """Starts one, in a process group of its own. Raises KeyboardInterrupt: they were stopped."""
        with self._lock:
            if self._stopped:
                raise KeyboardInterrupt
            process = subprocess.Popen(
                command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )
            self._processes.add(process)
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Has one that goes on clean up, as by Ctrl-C, which does not reach its group; or kills it."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        with self._lock:
            self._processes.discard(process)

    def stop(self) -> None:
        """Ends all of them."""
        with self._lock:
            self._stopped = True
            processes = tuple(self._processes)
        for process in processes:
            self.end(process)


def run_in_time(
    command: Sequence[str], seconds: float, output: BinaryIO | None, running: Running
) -> int | None:
    """The exit code, or None if the time was over: then it was interrupted, and killed if that did not help."""
    process = running.begin(command, output)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        running.end(process)
