"""Variables in words: `$x`, `${x:-y}`, `${x#pattern}` and so on, quotes and escapes, as Docker expands them.

Source: docs.docker.com/reference/dockerfile, "Environment replacement"; where that is silent, BuildKit's `shell.Lex`.
"""

from __future__ import annotations

from .error import Problem
from .pattern import replaced, without_prefix, without_suffix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_DEPTH = 64
MOST_PUT_IN = 1024 * 1024  # letters; `ENV a=$a$a` in forty lines would fill any memory
SPECIAL = "@*#?-$!"


def expand(word: str, variables: Mapping[str, str], escape: str = "\\", *, quotes: bool = True) -> str:
    """A word with its variables put in.

    Args:
        word: as written.
        variables: what is set; anything else is empty.
        escape: the escape character of the Dockerfile.
        quotes: quotes mean something, and are taken off; without, they are text (the body of a heredoc).

    Raises:
        Problem: a quote or a brace is not closed, `${x:?text}` of one that is not set, an unknown operator, or
            more than `MOST_PUT_IN` letters come out of variables.
    """
    return _Expansion(word, variables, escape, quotes=quotes).text("")


class _Expansion:
    """One word, read from left to right."""

    def __init__(self, word: str, variables: Mapping[str, str], escape: str, *, quotes: bool) -> None:
        self._word = word
        self._at = 0
        self._variables = variables
        self._escape = escape
        self._quotes = quotes
        self._depth = 0
        self._put_in = 0

    def _take(self) -> str:
        char = self._word[self._at : self._at + 1]
        self._at += 1
        return char

    def text(self, end: str, *, raw: bool = False) -> str:
        """Everything up to the character `end`, which is taken too; up to the end of the word for "".

        raw: escapes stay, with what follows them (in patterns, which have them too).
        """
        out = []
        while (char := self._take()) != end:
            if not char:
                raise Problem(f"a {end!r} was expected in {self._word!r}")
            if char == self._escape:
                out.append(char + self._take() if raw else self._take())
            elif char == "$":
                out.append(self._variable())
            elif self._quotes and char == "'":
                out.append(self._single())
            elif self._quotes and char == '"':
                out.append(self._double(raw=raw))
            else:
                out.append(char)
        return "".join(out)

    def _single(self) -> str:
        end = self._word.find("'", self._at)
        if end < 0:
            raise Problem(f"a ' is not closed in {self._word!r}")
        text = self._word[self._at : end]
        self._at = end + 1
        return text

    def _double(self, *, raw: bool) -> str:
        out = []
        while (char := self._take()) != '"':
            if not char:
                raise Problem(f'a " is not closed in {self._word!r}')
            if char == "$":
                out.append(self._variable())
            elif char == self._escape:
                follower = self._take()
                kept = raw or follower not in ('"', "$", self._escape)
                out.append(self._escape + follower if kept else follower)
            else:
                out.append(char)
        return "".join(out)

    def _variable(self) -> str:
        """What follows a `$`."""
        if self._word[self._at : self._at + 1] != "{":
            name = self._name()
            return self._counted(self._variables.get(name, "")) if name else "$"
        if self._depth >= MOST_DEPTH:
            raise Problem(f"${{...}} are nested deeper than {MOST_DEPTH}")
        self._at += 1
        self._depth += 1
        found = self._counted(self._braced())
        self._depth -= 1
        return found

    def _counted(self, value: str) -> str:
        self._put_in += len(value)
        if self._put_in > MOST_PUT_IN:
            raise Problem(f"variables put in more than {MOST_PUT_IN} letters")
        return value

    def _braced(self) -> str:
        """What follows a `${`."""
        name = self._name()
        if not name:
            raise Problem(f"a name was expected after ${{ in {self._word!r}")
        operator = self._take()
        if not operator:
            raise Problem(f"a '}}' was expected in {self._word!r}")
        if operator == "}":
            return self._variables.get(name, "")
        return self._modified(name, operator)

    def _name(self) -> str:
        """Letters, digits and `_`; or digits alone; or one special character; "" for anything else."""
        start = self._at
        first = self._word[start : start + 1]
        if first and first in SPECIAL:
            self._at += 1
            return first
        belongs = str.isdecimal if first.isdecimal() else _is_of_name
        while (char := self._word[self._at : self._at + 1]) and belongs(char):
            self._at += 1
        return self._word[start : self._at]

    def _modified(self, name: str, operator: str) -> str:
        value = self._variables.get(name)
        if operator == ":":
            value = value or None  # with the colon an empty value counts as none
            operator = self._take()
            if operator not in ("-", "+", "?"):
                raise Problem(f"one of :- :+ :? was expected in {self._word!r}, not :{operator}")
        if operator in ("-", "+", "?"):
            return self._defaulted(name, value, operator, self.text("}"))
        if operator in ("#", "%", "/"):
            return self._cut(value or "", operator)
        raise Problem(
            f"unknown operator {operator!r} in {self._word!r}; known: :- :+ :? - + ? # ## % %% / //"
        )

    def _defaulted(self, name: str, value: str | None, operator: str, word: str) -> str:
        if operator == "+":
            return word if value is not None else ""
        if value is None and operator == "?":
            raise Problem(f"{name}: {word or 'must be set'}")
        return word if value is None else value

    def _cut(self, value: str, operator: str) -> str:
        doubled = self._word[self._at : self._at + 1] == operator
        self._at += doubled
        if operator == "/":
            pattern = self.text("/", raw=True)
            pieces = replaced(value, pattern, self.text("}", raw=True), every=doubled)
            return "".join(map(self._counted, pieces))
        cut = without_prefix if operator == "#" else without_suffix
        return cut(value, self.text("}", raw=True), longest=doubled)


def _is_of_name(char: str) -> bool:
    return char.isalpha() or char.isdecimal() or char == "_"
