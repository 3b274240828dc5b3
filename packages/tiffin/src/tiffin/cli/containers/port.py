"""`Containers`: what the verbs on containers work on, and the values that pass.

verb ──► Containers ──► daemonless.Containers   folders in the store; nobody but the container's monitor runs
                   └──► managed.Containers      a manager's socket: tiffind, or any containerd
"""

from __future__ import annotations

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Protocol, Self
else:
    Protocol = object

RUNNING, PAUSED = "running", "paused"
ALIVE = frozenset({RUNNING, PAUSED})


class Listed(Record):
    """One container. created: seconds since 1970. status: as `ps` shows it. tree: all that `ps --json` prints."""

    name: str
    image: str
    command: str
    created: float
    status: str
    tree: dict[str, Any]


class Execution(Record):
    """A further process. user: `USER[:GROUP]`. environment: `NAME=VALUE`. Empty values are the container's own."""

    args: tuple[str, ...]
    interactive: bool = False
    tty: bool = False
    detach: bool = False
    user: str = ""
    workdir: str = ""
    environment: tuple[str, ...] = ()


class LogView(Record):
    """How a log is shown. tail: number of lines, -1 for all."""

    follow: bool = False
    tail: int = -1
    timestamps: bool = False


class Sample(Record):
    """What a container uses. at: monotonic nanoseconds. cpu: nanoseconds so far. limit: bytes, 0 for none."""

    at: int
    cpu: int
    memory: int
    limit: int
    pids: int


class Containers(Protocol):
    """The containers of one place. Everything raises CommandFailed, or an error of the layer below, with one line."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def list(self) -> list[Listed]:
        """All of them."""

    def inspect(self, name: str) -> dict[str, Any]:
        """All that is known of one."""

    def pid(self, name: str) -> int:
        """Of its first process, in our pid namespace; it runs."""

    def pids(self, name: str) -> Sequence[int]:
        """Of all its processes."""

    def execute(self, name: str, execution: Execution) -> int:
        """Runs a further process on our own streams; its exit code, 0 if it is detached."""

    def attach(self, name: str, *, stdin: bool) -> int:
        """Joins our streams; the exit code, or 0 once the user has left."""

    def logs(self, name: str, view: LogView) -> None:
        """Writes its log to our streams."""

    def stop(self, name: str, seconds: float | None) -> None:
        """Ends it. seconds: until SIGKILL; None: the container's own; below zero: never."""

    def kill(self, name: str, number: int) -> None:
        """Sends a signal to its first process."""

    def pause(self, name: str) -> None:
        """Freezes it."""

    def resume(self, name: str) -> None:
        """Lets it run on."""

    def remove(self, name: str, *, force: bool) -> None:
        """Removes it. force: kills it first."""

    def wait(self, name: str) -> int:
        """Waits for its end; the exit code."""

    def sample(self, name: str) -> Sample:
        """What it uses now."""

    def events(self, filters: Sequence[str]) -> Iterator[dict[str, Any]]:
        """What happens from now on."""
