"""Peers that tests start end with a session that is killed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

from tiffin_testing.mortal import MORTAL

SESSION = f"""
import subprocess, time
peer = subprocess.Popen([*{MORTAL!r}, "sh", "-c", "echo $$; exec sleep 1000"])
time.sleep(1000)
"""


def test_a_peer_ends_with_a_killed_session() -> None:
    with subprocess.Popen([sys.executable, "-c", SESSION], stdout=subprocess.PIPE, text=True) as session:
        assert session.stdout is not None
        peer = os.pidfd_open(int(session.stdout.readline()))
        session.send_signal(signal.SIGKILL)
        with open(peer, "rb"):
            assert select.select([peer], [], [], 60)[0]
