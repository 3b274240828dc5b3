"""What a template is asked, and where it listens; front/template.c has the other end.

    asker     (connects)
    template  one byte: ACCEPTED, or anything else
    asker     4 bytes, a length, and four descriptors: standard input, output and error, and the directory;
              then, each ended by a NUL: `COUNT PARENT`, COUNT words of the command line, NAME=VALUE of the environment
    template  one byte: the exit code

PARENT is the pid of the asker's parent. Nothing is sent to a template before it has answered: descriptors that wait in
the queue of one that hangs would stay open, and who reads the output would wait for ever.
"""

from __future__ import annotations

import os

from tiffin.runtime.errors import InvalidArgument
from tiffin.runtime.record import Record

from ..socket_path import DIRECTORY

ACCEPTED = b"A"
DESCRIPTORS = 4
LENGTH_SIZE = 4
MOST = 4 << 20  # bytes: more than execve(2) takes of arguments and environment
SEPARATOR = b"\0"
FNV_BASIS, FNV_PRIME, MASK = 14695981039346656037, 1099511628211, (1 << 64) - 1
SWITCH = "TIFFIN_SHIM_TEMPLATE"  # environment: "no"


class Work(Record):
    """What is to be done. parent: pid of the asker's parent."""

    words: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    parent: int


def template_path(address: str, program: str) -> str:
    """Where the template of a containerd and of an installation listens.

    Args:
        address: as in `-address`.
        program: path of the script, which lies beside the front.
    """
    folder = os.path.realpath(os.path.dirname(program))
    name = FNV_BASIS
    for byte in f"{folder}\0{address}\0".encode("utf-8", "surrogateescape"):
        name = (name ^ byte) * FNV_PRIME & MASK
    return f"{DIRECTORY}/template-{name:016x}"


def decode(data: bytes) -> Work:
    """A request without its length. Raises InvalidArgument."""
    first, *parts = (part.decode("utf-8", "surrogateescape") for part in data.split(SEPARATOR)[:-1] or [b""])
    numbers = first.split()
    if len(numbers) != 2 or not all(number.isdecimal() for number in numbers) or int(numbers[0]) > len(parts):
        raise InvalidArgument("a request of another version")
    count = int(numbers[0])
    pairs = (pair.partition("=") for pair in parts[count:])
    environment = tuple((name, value) for name, equals, value in pairs if equals and name)
    return Work(tuple(parts[:count]), environment, int(numbers[1]))
