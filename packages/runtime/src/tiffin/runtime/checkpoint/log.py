"""CRIU's log: an RPC error tells nothing but that there is one; the reason stands there."""

from __future__ import annotations

import re
from pathlib import Path

from .rpc import CriuFailed

ERRORS_SHOWN = 3
LINE = re.compile(r"^(?:\([\d.]+\)\s*)?(?:\d+:\s*)?\s*Error \([^)]*\):\s*(.*)$")


def error_lines(log: Path) -> list[str]:
    """The errors in a log of CRIU, without their time and place in its source."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return []
    return errors_of(text)


def errors_of(text: str) -> list[str]:
    """The texts of the error lines, each one once."""
    found = (LINE.match(line) for line in text.splitlines())
    return list(dict.fromkeys(match[1].strip() for match in found if match))


def explain(error: CriuFailed, log: Path) -> CriuFailed:
    """The same error with CRIU's reason and the place of its log.

    Of many errors the first may be one that CRIU can live with, and the last one is what it died of: both are shown.
    """
    lines = error_lines(log)
    if len(lines) > ERRORS_SHOWN:
        left_out = len(lines) - ERRORS_SHOWN
        lines[1 : 1 + left_out] = [f"({left_out} more errors)"]
    if lines:
        text = f"{error}: {'; '.join(lines)}; the whole log is {log}"
    elif log.exists():
        text = f"{error}; its log {log} names no error"
    else:
        text = f"{error}; it wrote no log: run `criu check` to see what this kernel lacks"
    return CriuFailed(text, errno=error.errno)
