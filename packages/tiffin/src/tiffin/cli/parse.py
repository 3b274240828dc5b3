"""From argv to `Arguments`, by the rules of docker's and podman's command lines (pflag).

`--flag value`, `--flag=value`, `-f value`, `-fvalue`, switches together (`-it`), a switch also as `--rm=false`; the
first argument ends the flags of a command that takes a command line, `--` those of any other.
"""

from __future__ import annotations

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.cli.flag import Command, Flag

TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


class UsageError(Exception):
    """The command line cannot be understood."""


class HelpWanted(Exception):
    """`--help` stands among the flags."""


class Arguments(Record):
    """What was given to a command: flags by their key, and the other words.

    address: socket of the manager that is asked; "" for containers with no daemon. namespace: there.
    """

    flags: dict[str, bool | str | list[str]]
    words: tuple[str, ...]
    address: str = ""
    namespace: str = ""

    def switch(self, key: str) -> bool:
        """Whether the switch is on."""
        return self.flags.get(key) is True

    def given(self, key: str) -> bool:
        """Whether the flag stands on the command line."""
        return key in self.flags

    def text(self, key: str, default: str = "") -> str:
        """The last value of the flag."""
        value = self.flags.get(key, default)
        return value if isinstance(value, str) else default

    def texts(self, key: str) -> list[str]:
        """All values of the flag, in their order."""
        value = self.flags.get(key)
        return value if isinstance(value, list) else []


def parse(command: Command, argv: Sequence[str]) -> Arguments:
    """Reads the words after the command's name.

    Raises:
        UsageError: an unknown flag, a value that does not fit, too few or too many arguments.
        HelpWanted: help was asked for.
    """
    by_name = {name: flag for flag in command.flags or () for name in flag.names}
    values: dict[str, bool | str | list[str]] = {}
    words: list[str] = []
    rest = list(reversed(argv))
    while rest:
        word = rest.pop()
        if word == "--":
            break
        if word == "--help" or (word == "-h" and "h" not in by_name):
            raise HelpWanted
        if len(word) < 2 or word[0] != "-":
            words.append(word)
            if command.line:
                break
        elif word[1] == "-":
            _long(word[2:], by_name, values, rest)
        else:
            _short(word[1:], by_name, values, rest)
    words += reversed(rest)
    if len(words) < command.fewest or len(words) > command.most >= 0:
        raise UsageError(
            f"expected {command.arguments or 'no arguments'}, got: {' '.join(words) or 'nothing'}"
        )
    return Arguments(values, tuple(words))


def before_command(argv: Sequence[str], by_name: dict[str, Flag]) -> tuple[dict[str, str], list[str]]:
    """The flags before the command's name, all of which have values; and the words from there on. Raises UsageError."""
    values: dict[str, bool | str | list[str]] = {}
    rest = list(reversed(argv))
    while rest and rest[-1].startswith("--") and rest[-1][2:].partition("=")[0] in by_name:
        _long(rest.pop()[2:], by_name, values, rest)
    return {name: value for name, value in values.items() if isinstance(value, str)}, rest[::-1]


def _long(
    text: str, by_name: dict[str, Flag], values: dict[str, bool | str | list[str]], rest: list[str]
) -> None:
    name, equals, value = text.partition("=")
    flag = by_name.get(name)
    if flag is None or len(name) == 1:
        raise UsageError(f"unknown flag: --{name}{_nearest(name, by_name)}")
    if flag.kind == "switch":
        _switch(flag, value if equals else "true", values)
    else:
        _store(flag, value if equals else _next(f"--{name}", rest), values)


def _short(
    text: str, by_name: dict[str, Flag], values: dict[str, bool | str | list[str]], rest: list[str]
) -> None:
    while text:
        name, text = text[0], text[1:]
        flag = by_name.get(name)
        if flag is None:
            raise UsageError(f"unknown flag: -{name}")
        if flag.kind == "switch":
            if text.startswith("="):
                return _switch(flag, text[1:], values)
            _switch(flag, "true", values)
        else:
            return _store(flag, text.removeprefix("=") if text else _next(f"-{name}", rest), values)
    return None


def _next(name: str, rest: list[str]) -> str:
    if not rest:
        raise UsageError(f"flag needs a value: {name}")
    return rest.pop()


def _switch(flag: Flag, text: str, values: dict[str, bool | str | list[str]]) -> None:
    if text not in TRUE and text not in FALSE:
        raise UsageError(f"--{flag.key} is true or false, not {text!r}")
    values[flag.key] = text in TRUE


def _store(flag: Flag, text: str, values: dict[str, bool | str | list[str]]) -> None:
    if flag.kind == "texts":
        known = values.setdefault(flag.key, [])
        if isinstance(known, list):
            known.append(text)
    else:
        values[flag.key] = text


def _nearest(name: str, by_name: dict[str, Flag]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, [known for known in by_name if len(known) > 1], 1)
    return f" (did you mean --{near[0]}?)" if near else ""
