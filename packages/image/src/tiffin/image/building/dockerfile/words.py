"""Words of an instruction: split at white space, outside of quotes or anywhere; and the JSON form."""

from __future__ import annotations

import json
import re

from .error import Problem

QUOTES = ("'", '"')
PLAIN = re.compile(r"[^ \t\v\f\r]+")
SURROGATE = re.compile("[\ud800-\udfff]")


def word_end(text: str, start: int, escape: str) -> int:
    """Where the word ends that starts at `start`: white space counts neither in quotes nor after an escape."""
    quote = ""
    position = start
    while position < len(text):
        char = text[position]
        if char == escape and quote != "'":
            position += 2
            continue
        if quote:
            quote = "" if char == quote else quote
        elif char in QUOTES:
            quote = char
        elif char.isspace():
            break
        position += 1
    return min(position, len(text))


def split_words(text: str, escape: str) -> tuple[str, ...]:
    """All words, with their quotes and escapes."""
    words = []
    position = _skip(text, 0)
    while position < len(text):
        end = word_end(text, position, escape)
        words.append(text[position:end])
        position = _skip(text, end)
    return tuple(words)


def split_first(text: str, escape: str) -> tuple[str, str]:
    """The first word, and what follows it without the space between."""
    start = _skip(text, 0)
    end = word_end(text, start, escape)
    return text[start:end], text[_skip(text, end) :]


def plain_words(text: str) -> tuple[str, ...]:
    """All words, split at white space wherever it is."""
    return tuple(PLAIN.findall(text))


def has_open_quote(word: str, escape: str) -> bool:
    """Whether a quote begins in a word that does not end there."""
    quote = ""
    escaped = False
    for char in word:
        if escaped:
            escaped = False
        elif char == escape and quote != "'":
            escaped = True
        elif char == quote or (not quote and char in QUOTES):
            quote = "" if quote else char
    return bool(quote)


def unquoted(word: str, escape: str) -> str:
    """A word without its quotes and escapes; nothing in it is expanded."""
    out = []
    quote = ""
    position = 0
    while position < len(word):
        char = word[position]
        if char == escape and quote != "'" and position + 1 < len(word):
            position += 1
            out.append(word[position])
        elif (char == quote) or (not quote and char in QUOTES):
            quote = "" if quote else char
        else:
            out.append(char)
        position += 1
    return "".join(out)


def json_words(text: str) -> tuple[str, ...] | None:
    """The strings of `["a", "b"]`; None if this is not meant as JSON, as Docker decides it.

    Raises:
        Problem: a JSON list with something else than strings in it.
    """
    text = text.strip()
    if not text.startswith("["):
        return None
    try:
        tree = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tree, list):
        return None
    if not all(isinstance(word, str) for word in tree):
        raise Problem('a JSON list of strings was expected, as ["program", "argument"]')
    return tuple(SURROGATE.sub("\ufffd", word) for word in tree)  # half a character, as from "\\ud800"


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON, but Python takes it")


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position
