"""A core that has ended before anybody looked at it: that is no error of its own."""

from __future__ import annotations

import subprocess
from concurrent.futures import Future
from typing import cast

from tiffin.shim.monitor.messages import Done, Message
from tiffin.shim.runtimes.in_process.start import MonitoredProgram, MonitorStarter


def test_a_program_that_has_ended_already_is_not_killed() -> None:
    program = subprocess.Popen(["/bin/true"])
    program.wait()
    spawned: Future[Message] = Future()
    monitored = MonitoredProgram(cast("MonitorStarter", None), spawned)
    spawned.set_result(Done(pid=program.pid))
    monitored.kill()
    assert monitored.kill_made() is None
