"""Annotations `org.systemd.property.NAME`: further properties for the unit, in GVariant's text format.

What is understood: `true`, numbers, 'strings', [arrays] of these, and a type before a value (`uint64 5`). A name
that ends in `Sec` is given in seconds and goes to systemd in microseconds as `NAMEUSec` (runc, systemd.md).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .systemd_bus import Property

PREFIX = "org.systemd.property."
TYPES = {
    "boolean": "b",
    "byte": "y",
    "int16": "n",
    "uint16": "q",
    "int32": "i",
    "uint32": "u",
    "int64": "x",
    "uint64": "t",
    "double": "d",
    "string": "s",
}
NAME = re.compile(r"[A-Za-z0-9]{3,}")
TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<word>[@\w.+-]+)|(?P<mark>[\[\],]))"
)


def annotation_properties(annotations: Mapping[str, str]) -> list[Property]:
    """The properties that a config's annotations ask for.

    Raises:
        InvalidArgument: a name or value that cannot be read.
    """
    properties: list[Property] = []
    for key, text in annotations.items():
        if not key.startswith(PREFIX):
            continue
        name, where = key[len(PREFIX) :], f'annotations["{key}"]'
        if not NAME.fullmatch(name):
            raise InvalidArgument(f"{where}: invalid name (letters and digits, at least 3)")
        variant = _parse(text, where)
        if name.endswith("Sec") and not name.endswith("USec"):
            if variant[0] not in "nqiuxtd":
                raise InvalidArgument(f"{where}: {text!r} is not a number of seconds")
            name, variant = name[: -len("Sec")] + "USec", ("t", int(variant[1] * 1000000))
        properties.append((name, variant))
    return properties


def _parse(text: str, where: str) -> tuple[str, Any]:
    tokens: list[str] = []
    position = 0
    while text[position:].strip():
        match = TOKEN.match(text, position)
        if match is None:
            raise InvalidArgument(f"{where}: cannot read {text!r} as a D-Bus value")
        tokens.append(match[0].strip())
        position = match.end()
    try:
        variant = _value(tokens)
    except (ValueError, IndexError) as error:
        raise InvalidArgument(f"{where}: cannot read {text!r} as a D-Bus value") from error
    if tokens:
        raise InvalidArgument(f"{where}: more than one value in {text!r}")
    return variant


def _value(tokens: list[str]) -> tuple[str, Any]:
    """Takes one value from the tokens."""
    token = tokens.pop(0)
    if token in TYPES or token.startswith("@"):
        return _typed(TYPES.get(token) or token[1:], tokens)
    if token == "[":
        return _array(tokens)
    if token in {"true", "false"}:
        return "b", token == "true"
    if token[0] in "'\"":
        return "s", re.sub(r"\\(.)", r"\1", token[1:-1])
    if re.fullmatch(r"[+-]?(0x[0-9a-fA-F]+|\d+)", token):
        return "i", int(token, 0)
    return "d", float(token)


def _typed(signature: str, tokens: list[str]) -> tuple[str, Any]:
    """A value after its type: the number or array takes that type instead of its own."""
    kind, value = _value(tokens)
    if kind == "d" and signature != "d":
        raise ValueError(signature)
    return signature, float(value) if signature == "d" else value


def _array(tokens: list[str]) -> tuple[str, Any]:
    values = []
    while tokens[0] != "]":
        values.append(_value(tokens))
        if tokens[0] == ",":
            tokens.pop(0)
    tokens.pop(0)
    kinds = {kind for kind, _ in values}
    if len(kinds) > 1:
        raise ValueError(kinds)
    return f"a{kinds.pop() if kinds else 's'}", [value for _, value in values]
