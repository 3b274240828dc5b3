"""The instructions of a Dockerfile as typed records; words are as written, variables in them not yet expanded."""

from __future__ import annotations

from tiffin.runtime.record import Record

from .heredocs import Heredoc
from .mounts import MountFlag


class Instruction(Record):
    """Any instruction. line: where it starts, counted from 1. text: as written, on one line."""

    line: int
    text: str


class Command(Record):
    """What RUN, CMD and ENTRYPOINT have: words in the JSON form, else text for the shell."""

    words: tuple[str, ...]
    shell: bool


class From(Instruction):
    """FROM. name: after AS, in lower case, or ""."""

    image: str = ""
    platform: str = ""
    name: str = ""


class Arg(Instruction):
    """ARG; None for one without a default."""

    pairs: tuple[tuple[str, str | None], ...] = ()


class Env(Instruction):
    """ENV."""

    pairs: tuple[tuple[str, str], ...] = ()


class Label(Instruction):
    """LABEL."""

    pairs: tuple[tuple[str, str], ...] = ()


class Copy(Instruction):
    """COPY, and what ADD has in common with it. source: `--from`. heredocs: those among the sources."""

    sources: tuple[str, ...] = ()
    target: str = ""
    heredocs: tuple[Heredoc, ...] = ()
    source: str = ""
    chown: str = ""
    chmod: str = ""
    link: bool = False
    parents: bool = False
    exclude: tuple[str, ...] = ()


class Add(Copy):
    """ADD.

    checksum: of what comes from an address. unpack: whether archives are; None: local ones. keep_git: `--keep-git-dir`.
    """

    checksum: str = ""
    unpack: bool | None = None
    keep_git: bool = False


class Run(Instruction):
    """RUN. network: default, none or host. security: sandbox or insecure."""

    command: Command = Command((), shell=True)
    heredocs: tuple[Heredoc, ...] = ()
    mounts: tuple[MountFlag, ...] = ()
    network: str = "default"
    security: str = "sandbox"


class Cmd(Instruction):
    """CMD."""

    command: Command = Command((), shell=True)


class Entrypoint(Instruction):
    """ENTRYPOINT."""

    command: Command = Command((), shell=True)


class Shell(Instruction):
    """SHELL."""

    words: tuple[str, ...] = ()


class Healthcheck(Instruction):
    """HEALTHCHECK. Times are in nanoseconds, 0 for the default. command: None for NONE."""

    command: Command | None = None
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class Onbuild(Instruction):
    """ONBUILD. trigger: the instruction, as text, with its heredocs."""

    trigger: str = ""


class User(Instruction):
    """USER."""

    user: str = ""


class Workdir(Instruction):
    """WORKDIR."""

    path: str = ""


class Volume(Instruction):
    """VOLUME."""

    paths: tuple[str, ...] = ()


class Stopsignal(Instruction):
    """STOPSIGNAL."""

    signal: str = ""


class Expose(Instruction):
    """EXPOSE."""

    ports: tuple[str, ...] = ()


class Maintainer(Instruction):
    """MAINTAINER."""

    name: str = ""


class Dockerfile(Record):
    """A whole Dockerfile. name: of the file, for messages. warnings: what its author should hear."""

    name: str
    instructions: tuple[Instruction, ...]
    escape: str
    warnings: tuple[str, ...] = ()
