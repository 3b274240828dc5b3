"""Pressure stall information: `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` (Documentation/accounting/psi.rst)."""

from __future__ import annotations

import errno

from tiffin.runtime.cgroup.files import read_text

from .values_v2 import PSIData, PSIStats


def read_pressure(path: str) -> PSIStats | None:
    """The file; None if there is none, or if this kernel does not account for pressure (psi=0)."""
    try:
        text = read_text(path)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        text = None
    if text is None:
        return None
    found = {}
    for line in text.splitlines():
        kind, *pairs = line.split()
        values = dict(pair.partition("=")[::2] for pair in pairs)
        ten, sixty, three_hundred = (float(values.get(f"avg{seconds}", 0)) for seconds in (10, 60, 300))
        found[kind] = PSIData(ten, sixty, three_hundred, int(values.get("total", 0)))
    return PSIStats(found.get("some"), found.get("full"))
