"""Who starts a program, and so becomes its parent and that of what it clones: by default this process (`OWN_CHILDREN`).

A process that may be killed at any time has one do it that stays: the monitor of a container (tiffin.shim). Then what
was started is no child of ours, and all that we do with it goes through these two seams.

    Starter ── start(Program) ──► StartedProgram ── pid, identify, adopt, reap, kill, kill_made
"""

from __future__ import annotations

import posix

from ..record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    class StartedProgram(Protocol):
        """A program that was started: tiffin-core, or CRIU; and the process that it makes.

        A wait status is that of waitpid(2), None where nobody tells it to us.
        """

        def pid(self) -> int:
            """Of the program, in our pid namespace; 0 once it is reaped."""

        def identify(self, pid: int) -> None:
            """Says which process it has made; that one waits still.

            Args:
                pid: in our pid namespace.
            """

        def adopt(self, go: int) -> bool:
            """Our own state tells of the process now, and it may go on as soon as its parent knows it too: from then on
            our death leaves a process that is known.

            Args:
                go: where a byte lets it go on; -1: it does when we answer somebody, after this has returned.

            Returns:
                Whether the parent writes that byte, though we may be dead by then.
            """

        def reap(self) -> int | None:
            """Waits for the end of the program; its wait status. It has closed what it had of ours already."""

        def kill(self) -> None:
            """Kills the program, and waits for its end, if that was not done."""

        def kill_made(self) -> int | None:
            """Kills the process that was made, and waits for its end; its wait status. None there is fine."""

    class Starter(Protocol):
        """Who starts programs."""

        def start(self, program: Program) -> StartedProgram:
            """Starts a program; returns when it has its descriptors, or will have them whatever becomes of ours.

            Raises:
                OSError, RuntimeFailure: it cannot be started.
            """


SIGKILL = 9
IGNORED_BY_PYTHON = (13, 25)  # SIGPIPE, SIGXFSZ
NO_ENVIRONMENT: Mapping[str, str] = {}


class Program(Record):
    """What is to be started.

    words: argv. An int is a descriptor of ours: the program gets it, and its number there is the word.
    executable: descriptor of the program's file; -1: it is words[0], a path.
    stdio: descriptors that become its 0, 1 and 2. A monitor has streams of its own in their place.
    inherited: descriptors that it gets under their own numbers, beside those that are not close-on-exec.
    environment: of its own.
    """

    words: tuple[str | int, ...]
    executable: int = -1
    stdio: tuple[int, int, int] = (0, 1, 2)
    inherited: tuple[int, ...] = ()
    environment: Mapping[str, str] = NO_ENVIRONMENT


class OwnChild:
    """A program that is our child, and so is the process that it makes (CLONE_PARENT)."""

    def __init__(self, program: Program) -> None:
        actions = [
            (posix.POSIX_SPAWN_DUP2, own, number) for number, own in enumerate(program.stdio) if own != number
        ]
        # a descriptor onto itself: clears close-on-exec in the child
        given = [word for word in program.words if isinstance(word, int)]
        actions += [(posix.POSIX_SPAWN_DUP2, number, number) for number in (*given, *program.inherited)]
        argv = [str(word) for word in program.words]
        path = f"/proc/self/fd/{program.executable}" if program.executable >= 0 else argv[0]
        defaults = () if program.executable >= 0 else IGNORED_BY_PYTHON  # the core gives them back by itself
        self._pid = posix.posix_spawn(
            path, argv, program.environment, file_actions=actions, setsigmask=(), setsigdef=defaults
        )
        self._made = 0

    def pid(self) -> int:
        return self._pid

    def identify(self, pid: int) -> None:
        """It is our child, unreaped till we or our caller do it, so that its pid is its own."""
        self._made = pid

    def adopt(self, go: int) -> bool:  # noqa: ARG002  # the Protocol's
        return False

    def reap(self) -> int | None:
        pid, self._pid = self._pid, 0
        return reap(pid)

    def kill(self) -> None:
        if self._pid:
            pid, self._pid = self._pid, 0
            kill_child(pid)

    def kill_made(self) -> int | None:
        pid, self._made = self._made, 0
        return kill_child(pid) if pid else None


class OwnChildren:
    """The `Starter` that makes everything a child of this process."""

    def start(self, program: Program) -> OwnChild:
        return OwnChild(program)


OWN_CHILDREN = OwnChildren()


def reap(pid: int) -> int | None:
    """Waits for the end of a child; its wait status, None if another part of this program has reaped it.

    A program may ignore SIGCHLD, or reap whatever comes when it gets that signal.
    """
    try:
        return posix.waitpid(pid, 0)[1]
    except ChildProcessError:
        return None


def kill_child(pid: int) -> int | None:
    """Kills and reaps a child that we have not reaped; its wait status, as `reap` tells it."""
    try:
        posix.kill(pid, SIGKILL)
    except ProcessLookupError:
        return None
    return reap(pid)
