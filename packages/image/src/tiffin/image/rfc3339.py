"""Times as images have them. Source: RFC 3339, section 5.6, as strictly as Go's `time.RFC3339` reads it."""

from __future__ import annotations

import re
from datetime import datetime

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def is_time(text: str) -> bool:
    """Whether it is one. Python's own parser takes more than that, and fewer digits of a second."""
    match = _TIME.fullmatch(text)
    if match is None:
        return False
    try:
        datetime.fromisoformat(match[1] + match[3])
    except ValueError:
        return False
    return True
