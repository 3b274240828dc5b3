"""`parse`: a Dockerfile to typed instructions.

Source: docs.docker.com/reference/dockerfile; where that is silent, what BuildKit does.
"""

from __future__ import annotations

from . import commands, files, settings
from .error import DockerfileError, Problem, nearest
from .instructions import Arg, Dockerfile, From
from .lines import LogicalLine, logical_lines
from .reading import Reading

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
    return Dockerfile(name, instructions, lines.escape)


def parse_trigger(trigger: str, name: str) -> Instruction:
    """An instruction that a base image wants done (ONBUILD). Raises DockerfileError."""
    lines = logical_lines(trigger, name)
    if len(lines.lines) != 1:
        raise DockerfileError("one instruction was expected", file=name, line=1)
    return _instruction(lines.lines[0], lines.escape, name)


def _instruction(line: LogicalLine, escape: str, name: str) -> Instruction:
    if "\0" in line.text:
        raise DockerfileError("a NUL byte is in the line", file=name, line=line.first)
    keyword, rest = (*line.text.split(maxsplit=1), "")[:2]
    reading = Reading(keyword.upper(), rest, line.first, line.text, escape, line.heredocs)
    parser = PARSERS.get(reading.keyword)
    if parser is None:
        problem = f"unknown instruction {keyword}{nearest(keyword.upper(), PARSERS)}"
        raise DockerfileError(problem, file=name, line=line.first)
    try:
        found = parser(reading)
    except Problem as problem:
        raise DockerfileError(str(problem), file=name, line=line.first) from None
    if reading.keyword == "ONBUILD":  # what is wrong with it, its author should hear
        inner = line.text.split(maxsplit=1)[1]
        _instruction(line.replace(text=inner), escape, name)
    return found


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
