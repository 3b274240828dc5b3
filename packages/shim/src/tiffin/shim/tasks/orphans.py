"""`Orphan`: a process whose monitor is gone, or hangs, by a descriptor of it: it is signalled, and waited for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from tiffin.runtime.launch.process_end import open_end
from tiffin.runtime.state.identity import is_alive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from .process import Process


class Orphan:
    """Get one by `of`. lived: whether it was there, and alive."""

    def __init__(self, descriptor: int, *, lived: bool) -> None:
        self._descriptor = descriptor
        self.lived = lived

    @classmethod
    @contextlib.contextmanager
    def of(cls, process: Process) -> Iterator[Self]:
        """Opens it: from then on no other process can be taken for it."""
        try:
            descriptor = open_end(process.pid)
        except ProcessLookupError:
            yield cls(-1, lived=False)
            return
        try:
            yield cls(descriptor, lived=is_alive(process.pid, process.start_time))
        finally:
            os.close(descriptor)

    def kill(self) -> None:
        """Sends SIGKILL. One that has ended is fine."""
        self.send(signal.SIGKILL)

    def send(self, number: int) -> bool:
        """Sends a signal; whether it was there to get it."""
        if self.lived:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)
                return True
        return False

    async def ended(self, seconds: float) -> None:
        """Waits for its end, in bounds: in the kernel it dies only when it comes out of there."""
        if not self.lived:
            return
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        loop.add_reader(self._descriptor, gone.set)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(gone.wait(), seconds)
        finally:
            loop.remove_reader(self._descriptor)
        self._reap()

    def _reap(self) -> None:
        """It is ours if this process is a subreaper."""
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PIDFD, self._descriptor, os.WEXITED | os.WNOHANG)
