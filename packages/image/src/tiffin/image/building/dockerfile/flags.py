"""The flags before an instruction's arguments: `--from=x`, `--link`, `--mount=...`."""

from __future__ import annotations

from .error import Problem, nearest
from .words import split_first, unquoted

SWITCH = {"true": True, "1": True, "false": False, "0": False}


class Flags:
    """The flags of one instruction.

    Args:
        found: name and value (None without `=`), in their order.
    """

    def __init__(self, found: list[tuple[str, str | None]]) -> None:
        self._found = found

    def text(self, name: str, default: str = "") -> str:
        """A flag's value. Raises Problem if it is given twice, or without one."""
        values = self.texts(name)
        if len(values) > 1:
            raise Problem(f"--{name} stands here twice")
        return values[0] if values else default

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of a flag that may stand there often."""
        values = [value for key, value in self._found if key == name]
        if any(value is None for value in values):
            raise Problem(f"--{name} needs a value: --{name}=...")
        return tuple(value for value in values if value is not None)

    def switch(self, name: str) -> bool:
        """Whether a flag is on."""
        return bool(self.maybe(name))

    def maybe(self, name: str) -> bool | None:
        """Whether a flag is on; None if it is not there. Raises Problem."""
        values = [("true" if value is None else value).lower() for key, value in self._found if key == name]
        if len(values) > 1:
            raise Problem(f"--{name} stands here twice")
        if not values:
            return None
        if values[0] not in SWITCH:
            raise Problem(f"--{name} is true or false, not {values[0]!r}")
        return SWITCH[values[0]]


def split_flags(rest: str, escape: str, known: tuple[str, ...]) -> tuple[Flags, str]:
    """The flags at the start of an instruction's text, and what follows. Raises Problem for an unknown one."""
    found: list[tuple[str, str | None]] = []
    while rest.startswith("--"):
        word, after = split_first(rest, escape)
        if word == "--":
            return Flags(found), after
        name, equals, value = unquoted(word[2:], escape).partition("=")
        if name not in known:
            listed = ", ".join(f"--{one}" for one in known) or "none"
            raise Problem(f"unknown flag --{name}{nearest(name, known)}; there are: {listed}")
        found.append((name, value if equals else None))
        rest = after
    return Flags(found), rest
