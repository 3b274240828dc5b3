"""Signals by their names."""

from __future__ import annotations

import signal

from tiffin.cli.failure import CommandFailed


def signal_number(text: str) -> int:
    """15 of `15`, `TERM`, `SIGTERM`. Raises CommandFailed."""
    if text.isdigit() and 0 < int(text) <= signal.SIGRTMAX:
        return int(text)
    name = text.upper() if text.upper().startswith("SIG") else f"SIG{text.upper()}"
    try:
        return int(signal.Signals[name])
    except KeyError:
        raise CommandFailed(f"there is no signal {text!r}") from None
