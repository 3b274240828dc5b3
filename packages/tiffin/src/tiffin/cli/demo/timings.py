"""The trace of a container as a table: each operation of its plan, with its time."""

from __future__ import annotations

import json
import os

from tiffin.runtime.plan.describe import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.runtime.plan.operation import Plan

SHOWN = 88  # characters of a description


def timing_lines(trace: str, plan: Plan) -> list[str]:
    """Each operation of a plan with its time and what asked for it, and a line with the sums.

    Args:
        trace: a file of JSON lines, as tiffin.runtime.lifecycle.trace writes it.
        plan: what was executed.
    """
    if not os.path.exists(trace):
        return []
    with open(trace) as file:
        entries = [json.loads(line) for line in file]
    lines = [f"{'µs':>9}  operation"]
    for entry in entries:
        text = describe(plan.operations[entry["index"]])
        text = text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
        where = f"  # {entry['where']}" if entry["where"] else ""
        lines.append(f"{entry['duration_us']:9.1f}  {text}{where}")
    busy = sum(entry["duration_us"] for entry in entries) / 1000
    first = min(entry["begin_ns"] for entry in entries)
    last = max(entry["begin_ns"] + entry["duration_us"] * 1000 for entry in entries)
    return [*lines, f"{len(entries)} operations, {busy:.1f} ms of work within {(last - first) / 1e6:.1f} ms"]
