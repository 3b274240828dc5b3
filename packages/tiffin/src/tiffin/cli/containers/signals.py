"""Signals by their names."""

from __future__ import annotations

import signal

from tiffin.cli.failure import CommandFailed


def signal_number(text: str) -> int:
    """15 of `15`, `TERM`, `SIGTERM`; 37 of `RTMIN+3`, which images of systemd have. Raises CommandFailed."""
    if text.isdecimal():
        number = int(text)
    else:
        name, sign, offset = _parts(text.upper().removeprefix("SIG"))
        try:
            number = signal.Signals[f"SIG{name}"] + sign * int(offset or 0)
        except (KeyError, ValueError):
            number = 0
    if not 0 < number <= signal.SIGRTMAX:
        raise CommandFailed(f"there is no signal {text!r}")
    return number


def stop_signal_number(text: str) -> int:
    """Of what an image or a label says about how to end a container; as in docker SIGTERM if it is no signal."""
    try:
        return signal_number(text)
    except CommandFailed:
        return signal.SIGTERM


def _parts(name: str) -> tuple[str, int, str]:
    """The name, and what is added to a real-time signal, the sign first."""
    for start, sign in (("RTMIN+", 1), ("RTMAX-", -1)):
        if name.startswith(start):
            return start[:-1], sign, name.removeprefix(start)
    return name, 1, ""
