"""`parse`: filters as clients send them become a `Filter`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.image.errors import InvalidArgument
from tiffin.manager.filters.expressions import compiled
from tiffin.manager.filters.filter import EVERYTHING, Filter, Operator, Selector
from tiffin.manager.filters.quoting import unquoted
from tiffin.manager.filters.tokens import Kind, Scanner, Word

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_SHOWN = 200
OPERATORS = {one.value: one for one in Operator if one.value}


def parse(filters: Iterable[str]) -> Filter:
    """Several filters, one of which must be true. None at all, or one that is empty, is true for everything.

    Raises:
        InvalidArgument: one cannot be read; the text shows where.
    """
    texts = tuple(filters)
    alternatives = tuple(_Parser(text).selectors() for text in texts if text)
    return EVERYTHING if "" in texts else Filter(alternatives)


class _Parser:
    """Reads one filter."""

    def __init__(self, text: str) -> None:
        self._scanner = Scanner(text)

    def selectors(self) -> tuple[Selector, ...]:
        """All of it."""
        found = [self._selector()]
        while self._scanner.peek() == ",":
            self._scanner.next()
            found.append(self._selector())
        if self._scanner.peek():
            raise self._error(Word(Kind.ILLEGAL, self._scanner.position), "unexpected input")
        return tuple(found)

    def _selector(self) -> Selector:
        path = self._path()
        if self._scanner.peek() in ("", ","):
            return Selector(path, Operator.PRESENT)
        word = self._scanner.next()
        if word.kind is not Kind.OPERATOR:
            raise self._error(word, 'expected an operator ("=="|"!="|"~=")')
        if word.text not in OPERATORS:
            raise self._error(word, f"unsupported operator {word.text!r}")
        operator = OPERATORS[word.text]
        value = self._scanner.next()
        text = self._value(value, operator)
        if operator is not Operator.MATCHES:
            return Selector(path, operator, text)
        try:
            return Selector(path, operator, text, compiled(text))
        except ValueError as error:
            raise self._error(value, f"no regular expression: {error}") from error

    def _path(self) -> tuple[str, ...]:
        found = [self._field()]
        while self._scanner.peek() == ".":
            self._scanner.next()
            found.append(self._field())
        return tuple(found)

    def _field(self) -> str:
        word = self._scanner.next()
        if word.kind is Kind.FIELD:
            return word.text
        if word.kind is Kind.QUOTED:
            return self._unquoted(word)
        raise self._error(word, "expected field or quoted")

    def _value(self, word: Word, operator: Operator) -> str:
        if word.kind in (Kind.VALUE, Kind.FIELD):
            return word.text
        if word.kind is Kind.QUOTED:
            return self._unquoted(word, expression=operator is Operator.MATCHES)
        raise self._error(word, "expected value or quoted")

    def _unquoted(self, word: Word, *, expression: bool = False) -> str:
        if word.text[0] != '"' and not expression:
            raise self._error(word, "invalid quote encountered")
        try:
            return unquoted(word.text)
        except ValueError as error:
            raise self._error(word, f"unquoting failed: {error}") from error

    def _error(self, word: Word, message: str) -> InvalidArgument:
        """An error that shows where, as containerd's do."""
        text = self._scanner.text
        if word.kind is Kind.ILLEGAL and word.text:
            message = word.text
        before, at, after = (
            text[: word.position],
            text[word.position : word.position + 1],
            text[word.position + 1 :],
        )
        shown = f"{before[-MOST_SHOWN:]} >|{at}|< {after[:MOST_SHOWN]}" if at else text[-MOST_SHOWN:]
        return InvalidArgument(f"filters: parse error: [{shown}]: {message}")
