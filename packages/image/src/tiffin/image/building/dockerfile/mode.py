"""`--chmod`: permissions in octal, or as chmod(1) has them: `u=rwX,go=rX`, `+x`, `g=u`.

Source: docs.docker.com/reference/dockerfile, "COPY --chmod"; chmod(1p) of POSIX, with a umask of 0.
"""

from __future__ import annotations

import re

from tiffin.runtime.record import Record

from .error import Problem

MOST = 0o7777
STICKY = 0o1000
ALL = 0o6777
WHO = {"u": 0o4700, "g": 0o2070, "o": 0o0007, "a": ALL}  # each with the set-id bit that is its own
BITS = {"r": 0o444, "w": 0o222, "x": 0o111, "s": 0o6000, "t": STICKY}
CLASSES = {"u": 6, "g": 3, "o": 0}  # how far their bits are from the right
CLAUSE = re.compile(r"([ugoa]*)((?:[-+=][rwxXstugo]*)+)")
ACTION = re.compile(r"([-+=])([rwxXstugo]*)")


class Action(Record):
    """One change. who: the bits that it may change. operator: `+`, `-` or `=`. letters: as written."""

    who: int
    operator: str
    letters: str


class Mode(Record):
    """octal: what replaces the permissions; None where actions change them, one after the other."""

    octal: int | None
    actions: tuple[Action, ...] = ()

    def applied(self, before: int, *, directory: bool) -> int:
        """The permissions of what has `before`, which is what an `X` looks at. directory: for one it always counts."""
        if self.octal is not None:
            return self.octal
        mode = before
        for action in self.actions:
            bits = _bits(action, mode, runs=directory or bool(before & BITS["x"])) & action.who
            if action.operator == "-":
                mode &= ~bits
            else:
                mode = bits | (mode & ~action.who if action.operator == "=" else mode)
        return mode


def parse_mode(text: str) -> Mode:
    """Reads the value of `--chmod`. Raises Problem."""
    if text and not text.strip("01234567") and int(text, 8) <= MOST:
        return Mode(int(text, 8))
    actions: list[Action] = []
    for clause in text.split(","):
        found = CLAUSE.fullmatch(clause)
        if found is None:
            raise Problem(
                f"--chmod: an octal mode such as 755 was expected, or one such as u=rwX,go=rX; not {text!r}"
            )
        actions += [_action(found[1], *parts) for parts in ACTION.findall(found[2])]
    return Mode(None, tuple(actions))


def _action(classes: str, operator: str, letters: str) -> Action:
    who = 0
    for one in classes or "a":
        who |= WHO[one]
    if "t" in letters and who != WHO["o"]:
        who |= STICKY
    return Action(who, operator, letters)


def _bits(action: Action, mode: int, *, runs: bool) -> int:
    """What the letters stand for. mode: as it is so far. runs: somebody may execute it."""
    found = 0
    for letter in action.letters:
        if letter in CLASSES:
            found |= (mode >> CLASSES[letter] & 0o7) * 0o111
        elif letter == "X":
            found |= BITS["x"] if runs or action.operator == "-" else 0
        else:
            found |= BITS[letter]
    return found
