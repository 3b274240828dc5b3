"""`NoCgroups`: a rootless container where no cgroup can be made, and none was asked for. It stays in the caller's.

runc tolerates this only when there is no `cgroupsPath` and no limit (its ErrRootless), and so do we.
"""

from __future__ import annotations

from ..errors import FailedPrecondition, Unsupported
from ..plan.operations import STEP_LAUNCHER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ..plan.operation import Operation
    from .oom import OomEvents

LIMITS = ("pids", "memory", "blockIO", "cpu", "hugepageLimits", "unified")


class NoCgroups:
    """A manager that manages nothing. What must have a cgroup raises Unsupported."""

    version = 0
    unit = ""
    adopter = None

    def __init__(self, reason: str = "the container has no cgroup") -> None:
        self._reason = reason

    def paths(self) -> dict[str, str]:
        return {}

    def exists(self) -> bool:
        return False

    def check_unused(self) -> None:
        """Nothing is used."""

    def create_operations(
        self,
        resources: Mapping[str, Any] | None,
        *,
        devices: Sequence[Mapping[str, Any]] = (),  # noqa: ARG002
        devices_step: int = STEP_LAUNCHER,  # noqa: ARG002
    ) -> tuple[Operation, ...]:
        """Nothing, unless a limit was asked for.

        Raises:
            FailedPrecondition: there is a limit.
        """
        for key in LIMITS:
            section = (resources or {}).get(key)
            if section and (not isinstance(section, dict) or any(section.values())):
                raise FailedPrecondition(
                    f"linux.resources.{key}: cannot set {key} limit: rootless needs no limits + no cgrouppath when "
                    f"no permission is granted for cgroups ({self._reason})"
                )
        return ()

    def join_operations(
        self,
        subgroups: Mapping[str, str] | None = None,
        *,
        init: int = 0,  # noqa: ARG002
    ) -> tuple[Operation, ...]:
        if subgroups:
            raise Unsupported(f"--cgroup: {self._reason}")
        return ()

    def update(self, resources: Mapping[str, Any], *, previous: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        self.create_operations(resources)

    def freeze(self) -> None:
        raise Unsupported(f"cannot toggle freezer: {self._reason}")

    def thaw(self) -> None:
        raise Unsupported(f"cannot toggle freezer: {self._reason}")

    def is_frozen(self) -> bool:
        return False

    def pids(self, *, recursive: bool = True) -> tuple[int, ...]:  # noqa: ARG002
        return ()

    def kill(self, signal: int = 9) -> None:  # noqa: ARG002
        raise Unsupported(f"cannot find the container's processes: {self._reason}")

    def statistics(self) -> dict[str, Any]:
        from .statistics import empty_statistics

        return empty_statistics()

    def oom_kill_count(self) -> int:
        return 0

    def oom_events(self) -> OomEvents:
        raise Unsupported(f"memory controller missing: {self._reason}")

    def remove(self) -> None:
        """There is nothing to remove."""
