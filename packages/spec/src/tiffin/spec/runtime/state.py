"""runtime-spec 1.3: the state of a container, as `state` prints it and as hooks and seccomp agents receive it."""

from __future__ import annotations

from typing import ClassVar, Literal

from tiffin.spec.model import Int, Model

Status = Literal["creating", "created", "running", "stopped", "paused"]
"""The spec's four, and `paused`, which runc adds."""

SECCOMP_FD_NAME = "seccompFd"
"""The name in `ContainerProcessState.fds` of the seccomp notify descriptor."""


class State(Model, kw_only=True):
    """The state of a container; `pid` is in the runtime's PID namespace, and absent when there is no process."""

    SECTION: ClassVar[str] = "runtime.md: State"
    ociVersion: str
    id: str
    status: Status
    pid: Int | None = None
    bundle: str
    annotations: dict[str, str] | None = None


class ContainerProcessState(Model, kw_only=True):
    """What is sent to a seccomp agent, along with the descriptors that `fds` names in their order."""

    SECTION: ClassVar[str] = "config-linux.md: The Container Process State"
    ociVersion: str
    fds: list[str] | None = None
    pid: Int
    metadata: str | None = None
    state: State
