"""How long a runtime may take for each verb: one table, a setting."""

from __future__ import annotations

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self


class TimeLimits(Record):
    """Seconds for each verb; what is at work then is killed, and TimedOut names the verb.

    The defaults are far above what works, and near to what a kubelet waits for (runtimeRequestTimeout, two minutes).
    """

    create: float = 120.0
    restore: float = 600.0
    exec: float = 60.0
    start: float = 60.0
    kill: float = 20.0
    delete: float = 60.0
    pause: float = 30.0
    resume: float = 30.0
    update: float = 30.0
    ps: float = 20.0
    state: float = 20.0
    checkpoint: float = 600.0
    settle: float = 120.0

    def of(self, verb: str) -> float:
        """The limit of a verb of the command line."""
        seconds: float = getattr(self, verb)
        return seconds

    @classmethod
    def at_most(cls, seconds: float) -> Self:
        """The defaults, but nothing takes longer than this."""
        return cls(**{name: min(default, seconds) for name, default in cls._defaults.items()})
