"""CRIU's log: an RPC error tells nothing but that there is one; the reason stands there."""

from __future__ import annotations

import re
from pathlib import Path

from .rpc import CriuFailed

ERRORS_SHOWN = 3
LINE = re.compile(r"^(?:\([\d.]+\)\s*)?(?:\d+:\s*)?\s*Error \([^)]*\):\s*(.*)$")


def error_lines(log: Path) -> list[str]:
    """The errors in a log of CRIU, without their time and place in its source; the first one is the cause."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = (LINE.match(line) for line in text.splitlines())
    return list(dict.fromkeys(match[1].strip() for match in found if match))


def explain(error: CriuFailed, log: Path) -> CriuFailed:
    """The same error with CRIU's reason and the place of its log."""
    lines = error_lines(log)
    if lines:
        more = f" (and {len(lines) - ERRORS_SHOWN} more errors)" if len(lines) > ERRORS_SHOWN else ""
        text = f"{error}: {'; '.join(lines[:ERRORS_SHOWN])}{more}; the whole log is {log}"
    elif log.exists():
        text = f"{error}; its log {log} names no error"
    else:
        text = f"{error}; it wrote no log: run `criu check` to see what this kernel lacks"
    return CriuFailed(text, errno=error.errno)
