"""Texts in quotes, with Go's escapes (the Go specification, "String literals"), and how a text is put into quotes."""

from __future__ import annotations

import re

SINGLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
NUMBERS = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})")
LAST = 0x10FFFF
ONE, FOUR, EIGHT, OCTAL = 1, 2, 3, 4  # the groups of NUMBERS


def unquoted(text: str) -> str:
    """What is between the first and the last character, which are equal quotes.

    Raises:
        ValueError: an escape that there is none of.
    """
    quote, inner = text[0], text[1:-1]
    if "\\" not in inner:
        return inner
    made, position = bytearray(), 0
    while position < len(inner):
        character = inner[position]
        if character != "\\":
            made += character.encode()
            position += 1
            continue
        data, length = _escaped(inner, position + 1, quote)
        made += data
        position += 1 + length
    return made.decode("utf-8", "surrogateescape")


def _escaped(text: str, position: int, quote: str) -> tuple[bytes, int]:
    """The bytes that an escape stands for, and how many characters it has."""
    character = text[position : position + 1]
    if character == quote:
        return quote.encode(), 1
    if character in SINGLE:
        return SINGLE[character].encode(), 1
    found = NUMBERS.match(text, position)
    if found is None:
        raise ValueError(f"there is no escape {text[position - 1 : position + 1]!r}")
    length = len(found[0])
    if found[ONE]:
        return bytes([int(found[ONE], 16)]), length
    if found[OCTAL]:
        return bytes([int(found[OCTAL], 8)]), length
    number = int(found[FOUR] or found[EIGHT], 16)
    if number > LAST:
        raise ValueError(f"there is no character {number:#x}")
    return chr(number).encode("utf-8", "replace"), length


def quoted(text: str) -> str:
    """A text as a field or a value of a filter may have it."""
    made = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\0", "\\x00")
    return f'"{made}"'
