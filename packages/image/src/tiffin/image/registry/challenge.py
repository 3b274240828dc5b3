"""The WWW-Authenticate header, taken apart. Source: RFC 9110, 11.6.1."""

from __future__ import annotations

import re

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_CHARACTERS = 16 * 1024

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))\s*(?:,|$)')
_SCHEME = re.compile(rf"[\s,]*({_TOKEN})(?:\s+|,|$)")
_QUOTED_PAIR = re.compile(r"\\(.)")


class Challenge(Record):
    """What a server asks for. scheme, and the names of the parameters, are in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def challenges_of(header: str) -> tuple[Challenge, ...]:
    """All challenges of a header, which may have several; what cannot be read ends it."""
    found = []
    text = header[:MOST_CHARACTERS]
    position = 0
    while match := _SCHEME.match(text, position):
        position = match.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(text, position):
            name, quoted, plain = parameter.groups()
            parameters.setdefault(name.lower(), plain or _QUOTED_PAIR.sub(r"\1", quoted or ""))
            position = parameter.end()
        found.append(Challenge(match[1].lower(), parameters))
    return tuple(found)
