"""What EXPOSE and STOPSIGNAL accept: ports and names of signals.

Source: docs.docker.com/reference/dockerfile; where that is silent, BuildKit's `portSpecs` and moby's `SignalMap`.
"""

from __future__ import annotations

import re

from tiffin.image.building.dockerfile.error import Problem, nearest

PROTOCOLS = ("tcp", "udp", "sctp")
PORT = re.compile(r"(?:.*:)?([0-9]{1,9})(?:-([0-9]{1,9}))?(?:/([A-Za-z]*))?", re.ASCII)
MOST_PORT = 65535
MOST_SIGNAL = 64
NAMES = (
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP"
    " TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX"
)
SIGNALS = frozenset(NAMES.split())
REAL_TIME = re.compile(r"RTMIN\+([1-9]|1[0-5])|RTMAX-([1-9]|1[0-4])")


def ports_of(text: str) -> list[str]:
    """`80/tcp` for each port of `80`, `80-82/udp`, `8080:80`. Raises Problem."""
    match = PORT.fullmatch(text)
    if match is None:
        raise Problem(f"EXPOSE: a port was expected, such as 80/tcp or 80-90; not {text!r}")
    first, last, protocol = int(match[1]), int(match[2] or match[1]), (match[3] or "tcp").lower()
    if protocol not in PROTOCOLS:
        raise Problem(f"EXPOSE: {protocol!r} is none of {', '.join(PROTOCOLS)}")
    if not first <= last <= MOST_PORT:
        raise Problem(f"EXPOSE: ports are from 0 to {MOST_PORT}, the second not below the first: {text!r}")
    return [f"{port}/{protocol}" for port in range(first, last + 1)]


def check_signal(text: str) -> None:
    """Raises Problem for what is no signal: its number, or its name with or without SIG."""
    name = text.upper().removeprefix("SIG")
    if name in SIGNALS or REAL_TIME.fullmatch(name):
        return
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= MOST_SIGNAL):
        known = sorted(f"SIG{one}" for one in SIGNALS)
        raise Problem(
            f"STOPSIGNAL: a signal was expected, such as SIGTERM or 15; not {text!r}{nearest(text.upper(), known)}"
        )
