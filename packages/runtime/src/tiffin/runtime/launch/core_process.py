"""`CoreProcess`: tiffin-core, started before there is a plan, so that its start and the planning take no turns.

controller ── BLOB (memfd: the plan) ──►  launcher ── clone ──► init
           ◄─ MESSAGES (pipe) ────────────┴──────────────────────┘
           ── GO (pipe) ───────────────────────────────────────► (one byte for the plan, one for each barrier)
"""

from __future__ import annotations

import fcntl
import posix

from ..record import Record
from ..state.files import write_all

SIGKILL = 9
ARGV0 = "tiffin-core"
FIRST_OWN = 3  # below are the container's standard streams, also if this process has closed its own


class CoreRequest(Record):
    """How to start it.

    core: descriptor of the sealed core. stdio: descriptors that become the container's 0, 1 and 2.
    inherited: descriptors that the core gets under their own numbers, beside those that are not close-on-exec.
    lock: descriptor of the container's lock, -1 for none. A launcher, and an init of which no state tells yet, hold it
        until they are dead, so that a `delete` after our own death waits for them.
    namespaces: CLONE_NEW* flags of new ones that the plan will ask for, which the launcher makes while it waits for it.
    """

    core: int
    stdio: tuple[int, int, int] = (0, 1, 2)
    inherited: tuple[int, ...] = ()
    lock: int = -1
    namespaces: int = 0


class CoreProcess:
    """A child that waits for its plan, and ends if this process does.

    pid: of the launcher; 0 once it is reaped. messages: where to read what it says.
    """

    def __init__(self, request: CoreRequest) -> None:
        self.pid = 0
        self.messages = self._go = self._blob = -1
        try:
            self._spawn(request)
        except BaseException:
            self.close()
            raise

    def _spawn(self, request: CoreRequest) -> None:
        self._blob = above_stdio(posix.memfd_create("tiffin-plan", posix.MFD_CLOEXEC))
        self.messages, messages = map(above_stdio, posix.pipe2(posix.O_CLOEXEC))
        go, self._go = map(above_stdio, posix.pipe2(posix.O_CLOEXEC))
        try:
            actions = [
                (posix.POSIX_SPAWN_DUP2, own, number)
                for number, own in enumerate(request.stdio)
                if own != number
            ]
            # a descriptor onto itself: clears close-on-exec in the child
            given = (self._blob, messages, go, request.lock)
            kept = (*given, *request.inherited)
            actions += [(posix.POSIX_SPAWN_DUP2, number, number) for number in kept if number >= 0]
            argv = [ARGV0, "launch", *map(str, given), str(request.namespaces)]
            self.pid = posix.posix_spawn(
                f"/proc/self/fd/{request.core}", argv, {}, file_actions=actions, setsigmask=()
            )
        finally:
            posix.close(messages)
            posix.close(go)

    def send_plan(self, blob: bytes) -> None:
        """Gives it the encoded plan."""
        write_all(self._blob, blob)
        posix.close(self._blob)
        self._blob = -1
        self.send_go()

    def send_go(self) -> None:
        """Lets it go on."""
        try:
            posix.write(self._go, b"\n")
        except BrokenPipeError:  # it died: the end of its messages follows
            return

    def close_go(self) -> None:
        """Whoever of it still waits for us ends."""
        if self._go >= 0:
            posix.close(self._go)
        self._go = -1

    def reap(self) -> int:
        """Waits for the launcher's end; its wait status, 0 if another part of this program has reaped it."""
        pid, self.pid = self.pid, 0
        return reap(pid)

    def destroy(self) -> None:
        """Kills and reaps it if that was not done; it is an unreaped child till then, so that its pid is its own."""
        self.close()
        if self.pid:
            pid, self.pid = self.pid, 0
            kill_child(pid)

    def close(self) -> None:
        """Closes our ends; once more is no error."""
        self.close_go()
        for descriptor in (self.messages, self._blob):
            if descriptor >= 0:
                posix.close(descriptor)
        self.messages = self._blob = -1


def reap(pid: int) -> int:
    """Waits for the end of a child; its wait status, 0 if another part of this program has reaped it.

    A program may ignore SIGCHLD, or reap whatever comes when it gets that signal.
    """
    try:
        return posix.waitpid(pid, 0)[1]
    except ChildProcessError:
        return 0


def kill_child(pid: int) -> int:
    """Kills and reaps a child that we have not reaped; its wait status, as `reap` tells it."""
    try:
        posix.kill(pid, SIGKILL)
    except ProcessLookupError:
        return 0
    return reap(pid)


def above_stdio(descriptor: int) -> int:
    """The descriptor, or one that stands for it if its number is that of a standard stream."""
    if descriptor >= FIRST_OWN:
        return descriptor
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, FIRST_OWN)
    finally:
        posix.close(descriptor)
