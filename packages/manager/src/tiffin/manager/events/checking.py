"""Which events are accepted: containerd's rules for namespaces and topics (its core/events/exchange)."""

from __future__ import annotations

import re

from tiffin.runtime.errors import InvalidArgument

MOST_CHARACTERS = 76  # of containerd's identifiers
IDENTIFIER = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*\Z")


def check_identifier(what: str, name: str) -> None:
    """Letters and digits, with one of `.`, `_`, `-` between them. what: for the message. Raises InvalidArgument."""
    if len(name) > MOST_CHARACTERS or IDENTIFIER.match(name) is None:
        raise InvalidArgument(
            f"{what} {name[:100]!r}: expected at most {MOST_CHARACTERS} letters and digits, with . _ - between them"
        )


def check_topic(topic: str) -> None:
    """`/` and identifiers with `/` between them. Raises InvalidArgument."""
    if not topic.startswith("/"):
        raise InvalidArgument(f"topic {topic[:100]!r}: expected one that starts with '/'")
    for component in topic[1:].split("/"):
        check_identifier(f"component of the topic {topic[:200]!r}", component)


def check_envelope(namespace: str, topic: str, timestamp: int | None) -> None:
    """All of it. timestamp: nanoseconds since 1970, None for one that was not set. Raises InvalidArgument."""
    check_identifier("namespace of an event", namespace)
    check_topic(topic)
    if timestamp is None:
        raise InvalidArgument("a forwarded event has no timestamp")
