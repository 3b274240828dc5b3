"""What a runtime said when it failed: the last error of its JSON log, or the end of its output."""

from __future__ import annotations

from tiffin.spec import json_tree

MOST_LOG = 1024 * 1024  # bytes of a log that are looked at, from its end
MOST_OUTPUT = 1024  # bytes of output that a message takes
ERRORS = frozenset({"error", "fatal", "panic"})


def last_error(log: bytes) -> str:
    """The message of the last error in a log of JSON lines, as runc, crun and runsc write it; "" if there is none."""
    for line in reversed(log[-MOST_LOG:].splitlines()):
        try:
            entry = json_tree.decode(line)
        except json_tree.JSONError:  # not every runtime writes JSON when it dies
            continue
        if isinstance(entry, dict) and entry.get("level") in ERRORS:
            return str(entry.get("msg", "")).strip()
    return ""


def said(log: bytes, output: bytes) -> str:
    """Why it failed, in its own words; "" if it said nothing."""
    return last_error(log) or output[-MOST_OUTPUT:].decode(errors="replace").strip()
