"""Regular expressions as Go has them: RE2, whose time grows with the text alone, whatever a client sends."""

from __future__ import annotations

from typing import Any


def compiled(text: str) -> Any:
    """What has `search(text)`. Raises ValueError: it is none."""
    import re2  # only where one is used: the library takes a megabyte

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        raise ValueError(reason.decode(errors="replace") if isinstance(reason, bytes) else reason) from error
