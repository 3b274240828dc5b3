"""From argv to an `Invocation`, by the rules of Go's flag package, which runc's callers rely on.

One dash or two, `--flag value` or `--flag=value`, a switch also as `--switch=false`; `--` ends the flags. Known flags
may stand after the arguments too, but for verbs that take a command line (exec, ps); what looks like a flag there and
is none is an argument (`kill ID -9`).
"""

from __future__ import annotations

from ..errors import InvalidArgument
from ..record import Record
from .table import GLOBAL_FLAGS, HELP_FLAG, VERB_BY_NAME, Flag, Verb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Value = bool | int | str | list[str] | list[int]

TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


class UsageError(InvalidArgument):
    """The command line cannot be understood; the help of its verb (None: of the program) tells how it is used."""

    def __init__(self, message: str, verb: Verb | None, *, shown: bool = True) -> None:
        super().__init__(message)
        self.verb = verb
        self.shown = shown


class UnknownVerb(InvalidArgument):
    """No such command."""


class Options:
    """The flags that were given, by their key; each reader gives the flag's empty value if it was not."""

    def __init__(self, values: dict[str, Value]) -> None:
        self._values = values

    def given(self, key: str) -> bool:
        return key in self._values

    def switch(self, key: str) -> bool:
        return self._values.get(key, False) is True

    def text(self, key: str, default: str = "") -> str:
        return str(self._values.get(key, default))

    def integer(self, key: str, default: int = 0) -> int:
        value = self._values.get(key, default)
        return value if isinstance(value, int) else default

    def texts(self, key: str) -> list[str]:
        value = self._values.get(key)
        return [str(item) for item in value] if isinstance(value, list) else []

    def integers(self, key: str) -> list[int]:
        value = self._values.get(key)
        return [int(item) for item in value] if isinstance(value, list) else []


class Invocation(Record):
    """A command line, understood. verb is None for the program's own help or version."""

    program: str
    globals: Options
    verb: Verb | None
    flags: Options
    arguments: tuple[str, ...]


def parse(argv: Sequence[str]) -> Invocation:
    """Reads a whole command line, the program's name first.

    Raises:
        UsageError: an unknown flag, a value that does not fit, too few or too many arguments.
        UnknownVerb: there is no such command.
    """
    options, rest = parse_globals(argv)
    return parse_verb(argv[0], options, rest)


def parse_globals(argv: Sequence[str]) -> tuple[Options, list[str]]:
    """The global flags, and the words after them."""
    return _flags(argv[1:], GLOBAL_FLAGS, None, interspersed=False)


def parse_verb(program: str, options: Options, rest: Sequence[str]) -> Invocation:
    """The verb, its flags and its arguments; raises as `parse` does."""
    if not rest or options.switch("help") or options.switch("version"):
        return Invocation(program, options, None, Options({"help": True}), ())
    if rest[0] in {"help", "h"}:
        return Invocation(
            program, options, _verb(rest[1]) if len(rest) > 1 else None, Options({"help": True}), ()
        )
    verb = _verb(rest[0])
    flags, arguments = _flags(rest[1:], (*verb.flags, HELP_FLAG), verb, interspersed=verb.interspersed)
    invocation = Invocation(program, options, verb, flags, tuple(arguments))
    if not flags.switch("help"):
        _check_count(invocation, verb)
    return invocation


def _verb(name: str) -> Verb:
    verb = VERB_BY_NAME.get(name)
    if verb is None:
        raise UnknownVerb(f"No help topic for '{name}'")
    return verb


def _flags(
    words: Sequence[str], known: Sequence[Flag], verb: Verb | None, *, interspersed: bool
) -> tuple[Options, list[str]]:
    by_name = {name: flag for flag in known for name in flag.names}
    values: dict[str, Value] = {}
    arguments: list[str] = []
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        if len(word) < 2 or not word.startswith("-"):
            arguments.append(word)
            if not interspersed:
                break
            continue
        if word == "--":
            break
        name, equals, text = word.removeprefix("-").removeprefix("-").partition("=")
        flag = by_name.get(name)
        if flag is None and arguments:
            arguments.append(word)
            continue
        if flag is None:
            raise UsageError(f"flag provided but not defined: -{name}", verb)
        if flag.kind == "switch":
            text = text if equals else "true"
        elif not equals:
            if index == len(words):
                raise UsageError(f"flag needs an argument: -{name}", verb)
            text = words[index]
            index += 1
        _set(values, flag, text, name, verb)
    return Options(values), arguments + list(words[index:])


def _set(values: dict[str, Value], flag: Flag, text: str, name: str, verb: Verb | None) -> None:
    if flag.kind == "switch":
        if text not in TRUE and text not in FALSE:
            raise UsageError(f'invalid boolean value "{text}" for -{name}: parse error', verb)
        values[flag.key] = text in TRUE
    elif flag.kind == "text":
        values[flag.key] = text
    elif flag.kind == "texts":
        values[flag.key] = [*Options(values).texts(flag.key), text]
    elif flag.kind == "duration":
        values[flag.key] = _duration(text, name, verb)
    else:
        number = _integer(text, name, verb)
        values[flag.key] = number if flag.kind == "integer" else [*Options(values).integers(flag.key), number]


def _integer(text: str, name: str, verb: Verb | None) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise UsageError(f'invalid value "{text}" for flag -{name}: parse error', verb) from None


UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def _duration(text: str, name: str, verb: Verb | None) -> int:
    """Nanoseconds of a Go duration: decimal numbers, each with its unit."""
    total = 0.0
    rest = text
    while rest:
        number = rest[: len(rest) - len(rest.lstrip("0123456789."))]
        rest = rest[len(number) :]
        unit = rest[: len(rest) - len(rest.lstrip("nuµmsh"))]
        rest = rest[len(unit) :]
        if unit not in UNITS or number.count(".") > 1 or not number.strip("."):
            raise UsageError(f'invalid value "{text}" for flag -{name}: parse error', verb)
        total += float(number) * UNITS[unit]
    if not text:
        raise UsageError(f'invalid value "" for flag -{name}: parse error', verb)
    return int(total)


def _check_count(invocation: Invocation, verb: Verb) -> None:
    count = len(invocation.arguments)
    if verb.fewest == verb.most and count != verb.fewest:
        wanted = f"exactly {verb.fewest}"
    elif count < verb.fewest:
        wanted = f"a minimum of {verb.fewest}"
    elif 0 <= verb.most < count:
        wanted = f"a maximum of {verb.most}"
    else:
        return
    text = f'{invocation.program}: "{verb.name}" requires {wanted} argument(s)'
    raise UsageError(text, verb, shown=False)
