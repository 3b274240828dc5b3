"""`parse`: a Dockerfile to typed instructions.

Source: docs.docker.com/reference/dockerfile; where that is silent, what BuildKit does.
"""

from __future__ import annotations

from . import commands, files, settings
from .error import DockerfileError, Problem, nearest
from .instructions import Arg, Dockerfile, From
from .lines import LogicalLine, logical_lines
from .reading import Reading
from .words import SURROGATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .instructions import Instruction

PARSERS: dict[str, Callable[[Reading], Instruction]] = {
    "ADD": files.add,
    "ARG": settings.arg,
    "CMD": commands.cmd,
    "COPY": files.copy,
    "ENTRYPOINT": commands.entrypoint,
    "ENV": settings.env,
    "EXPOSE": settings.expose,
    "FROM": settings.from_,
    "HEALTHCHECK": commands.healthcheck,
    "LABEL": settings.label,
    "MAINTAINER": settings.maintainer,
    "ONBUILD": settings.onbuild,
    "RUN": commands.run,
    "SHELL": commands.shell,
    "STOPSIGNAL": settings.stopsignal,
    "USER": settings.user,
    "VOLUME": settings.volume,
    "WORKDIR": settings.workdir,
}


def parse(text: str, name: str = "Dockerfile") -> Dockerfile:
    """Parses a Dockerfile.

    Args:
        name: of the file, for errors.

    Raises:
        DockerfileError: with file, line, and what was expected.
    """
    lines = logical_lines(text, name)
    instructions = tuple(_instruction(line, lines.escape, name) for line in lines.lines)
    _check_order(instructions, name)
    return Dockerfile(name, instructions, lines.escape, lines.warnings)


def parse_trigger(trigger: str, name: str) -> Instruction:
    """An instruction that a base image wants done (ONBUILD). Raises DockerfileError."""
    lines = logical_lines(trigger, name)
    if len(lines.lines) != 1:
        raise DockerfileError("one instruction was expected", file=name, line=1)
    found = _instruction(lines.lines[0], lines.escape, name)
    if isinstance(found, From):
        raise DockerfileError("a trigger cannot be FROM", file=name, line=1)
    return found


def _instruction(line: LogicalLine, escape: str, name: str) -> Instruction:
    keyword, rest = (*line.text.split(maxsplit=1), "")[:2]
    reading = Reading(keyword.upper(), rest, line.first, line.text, escape, line.heredocs)
    try:
        _check_text(reading)
        parser = PARSERS.get(reading.keyword)
        if parser is None:
            raise Problem(f"unknown instruction {keyword}{nearest(reading.keyword, PARSERS)}")
        found = parser(reading)
    except Problem as problem:
        raise DockerfileError(str(problem), file=name, line=line.first) from None
    if reading.keyword == "ONBUILD":  # what is wrong with it, its author should hear
        inner = line.text.split(maxsplit=1)[1]
        _instruction(line.replace(text=inner), escape, name)
    return found


def _check_text(reading: Reading) -> None:
    """What goes into the config or to a shell is text; only the body of a file may be anything."""
    texts = [reading.text]
    if reading.keyword not in ("ADD", "COPY"):
        texts += [heredoc.content for heredoc in reading.heredocs]
    for text in texts:
        if "\0" in text:
            raise Problem(f"{reading.keyword}: a NUL byte is in it")
        if wrong := SURROGATE.search(text):
            raise Problem(f"{reading.keyword}: the byte 0x{ord(wrong[0]) & 0xFF:02x} in it is not UTF-8")


def _check_order(instructions: tuple[Instruction, ...], name: str) -> None:
    """Nothing but ARG may stand before the first FROM, and no two stages may have one name."""
    names: dict[str, int] = {}
    begun = False
    for one in instructions:
        if isinstance(one, From):
            begun = True
            if one.name in names:
                problem = f"the stage {one.name!r} is there already, in line {names[one.name]}"
                raise DockerfileError(problem, file=name, line=one.line)
            if one.name:
                names[one.name] = one.line
        elif not begun and not isinstance(one, Arg):
            keyword = one.text.split(maxsplit=1)[0]
            problem = f"FROM was expected, not {keyword}: only ARG may stand before the first FROM"
            raise DockerfileError(problem, file=name, line=one.line)
    if not begun:
        raise DockerfileError("there is no FROM", file=name, line=1)
