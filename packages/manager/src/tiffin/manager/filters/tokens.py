"""`Scanner`: the words of a filter, one at a time."""

from __future__ import annotations

import unicodedata
from enum import Enum

from tiffin.runtime.record import Record

OPERATORS = frozenset("=!~")
SEPARATORS = frozenset(",.")
QUOTES = frozenset('"/|')
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
VISIBLE = frozenset("LMNPS")  # the first letters of Unicode's categories


class Kind(Enum):
    """What a word is."""

    FIELD = "field"
    VALUE = "value"
    QUOTED = "quoted text"
    OPERATOR = "operator"
    SEPARATOR = "separator"
    END = "end"
    ILLEGAL = "illegal"


class Word(Record):
    """kind, where it begins, and its text: for ILLEGAL what is wrong."""

    kind: Kind
    position: int
    text: str = ""


class Scanner:
    """Words of `text`. After an operator comes a value, which may have other characters than a field."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self._value = False

    def peek(self) -> str:
        """The next character, which may be a space; "" at the end."""
        return self.text[self.position : self.position + 1]

    def next(self) -> Word:
        """The next word; spaces before it are skipped."""
        while self.peek().isspace():
            self.position += 1
        start, first = self.position, self.peek()
        if not first:
            return Word(Kind.END, start)
        if first == "\0":
            return Word(Kind.ILLEGAL, start, "unexpected null")
        self.position += 1
        if first in QUOTES:
            return self._quoted(start, first)
        if first in SEPARATORS:
            self._value = False
            return Word(Kind.SEPARATOR, start, first)
        if first in OPERATORS:
            self._value = True
            return self._run(Kind.OPERATOR, start)
        if self._value:
            self._value = False
            return self._run(Kind.VALUE, start)
        if first in LETTERS:
            return self._run(Kind.FIELD, start)
        return Word(Kind.ILLEGAL, start, "expected field or quoted")

    def _run(self, kind: Kind, start: int) -> Word:
        """As many characters as may be in such a word."""
        while (character := self.peek()) and _belongs(kind, character):
            self.position += 1
        return Word(kind, start, self.text[start : self.position])

    def _quoted(self, start: int, quote: str) -> Word:
        """Up to the other quote; what is escaped is looked at by `unquoted`."""
        while (character := self.peek()) != quote:
            if character in ("", "\n", "\0"):
                return Word(Kind.ILLEGAL, start, "quoted literal not terminated")
            self.position += 2 if character == "\\" else 1
        self.position += 1
        self._value = False
        return Word(Kind.QUOTED, start, self.text[start : self.position])


def _belongs(kind: Kind, character: str) -> bool:
    if kind is Kind.FIELD:
        return character in LETTERS
    if kind is Kind.OPERATOR:
        return character in OPERATORS
    return character != "," and unicodedata.category(character)[0] in VISIBLE
