"""The trace of a container as a table: each operation of its plan, with its time."""

from __future__ import annotations

import json
import os

from tiffin.cli.text_table import table_lines

HEADINGS = ("#", "by", "operation", "asked for by", "µs")


def timing_lines(trace: str) -> list[str]:
    """The table of a trace file, and a line with the sums.

    Args:
        trace: a file of JSON lines, as tiffin.runtime.lifecycle.trace writes it.
    """
    if not os.path.exists(trace):
        return []
    with open(trace) as file:
        entries = [json.loads(line) for line in file]
    rows = [
        (
            str(entry["index"]),
            entry["step"],
            entry["operation"],
            entry["where"] or "-",
            f"{entry['duration_us']:8.1f}",
        )
        for entry in entries
    ]
    busy = sum(entry["duration_us"] for entry in entries) / 1000
    first = min(entry["begin_ns"] for entry in entries)
    last = max(entry["begin_ns"] + entry["duration_us"] * 1000 for entry in entries)
    whole = (last - first) / 1e6
    return [
        *table_lines(HEADINGS, rows),
        f"{len(entries)} operations: {busy:.1f} ms of work within {whole:.1f} ms",
    ]
