"""What this host can do: one table of probes for `tiffin doctor`, for the tests' `requires(...)`, and for programs.

    finding    the values: what a probe is, what it found
    table      PROBES, the one table
    attempts/  what must be tried out, each in a process of its own that `child` starts and bounds in time
    cgroups, privileges, services, programs: what can be read off, without trying

Not on the path of the cold command line: it may import what it likes.
"""

from __future__ import annotations

from .finding import Finding, Probe
from .table import PROBES, probe

__all__ = ["PROBES", "Finding", "Probe", "probe"]
