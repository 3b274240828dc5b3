"""`Reading`: one logical line on its way to an instruction."""

from __future__ import annotations

from tiffin.runtime.record import Record

from .error import Problem
from .heredocs import Heredoc
from .words import has_open_quote, json_words, plain_words, split_words, unquoted


class Reading(Record):
    """keyword: upper case. rest: what follows it. text: the whole, as one line."""

    keyword: str
    rest: str
    line: int
    text: str
    escape: str
    heredocs: tuple[Heredoc, ...] = ()

    def words(self) -> tuple[str, ...]:
        """The arguments: of the JSON form, or split at spaces, also in quotes. Raises Problem: a quote is cut."""
        words = json_words(self.rest)
        if words is not None:
            return words
        words = plain_words(self.rest)
        for word in words:
            if has_open_quote(word, self.escape):
                raise Problem(
                    f"{self.keyword}: a quote is not closed in {word!r}; names with spaces need the JSON form,"
                    f' {self.keyword} ["a b", ...]'
                )
        return words

    def one(self, what: str) -> str:
        """The only argument, spaces and all. Raises Problem if there is none."""
        if not self.rest:
            raise Problem(f"{self.keyword} needs an argument: {what}")
        return self.rest

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """`name=value ...`, or one name, a space, and the value.

        Raises:
            Problem: there is none, or one without a value.
        """
        words = split_words(self.rest, self.escape)
        if not words:
            raise Problem(f"{self.keyword} needs an argument: {self.keyword} name=value")
        if "=" not in words[0]:
            if len(words) < 2:
                raise Problem(
                    f"{self.keyword} {words[0]}: a value was expected, as {self.keyword} {words[0]}=value"
                )
            return ((words[0], self.rest[len(words[0]) :].strip()),)
        return tuple(self._pair(word) for word in words)

    def _pair(self, word: str) -> tuple[str, str]:
        name, equals, value = word.partition("=")
        if not equals:
            raise Problem(
                f"{self.keyword}: name=value was expected, not {word!r}; a value with spaces needs quotes"
            )
        if not unquoted(name, self.escape):
            raise Problem(f"{self.keyword}: a name was expected before {word!r}")
        return name, value
