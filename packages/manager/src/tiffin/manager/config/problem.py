"""What is wrong in a file of settings: each thing with its line, all of them at once."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from tiffin.runtime.errors import InvalidArgument
from tiffin.runtime.record import Record

FOREIGN = "is a setting of containerd's: "
Path = tuple[str, ...]  # of keys, from the top of the file
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Problem(Record):
    """One thing that is wrong. path: of the key; () for the file as a whole.

    harmless: a setting of containerd's that is not here, with a value that means nothing: no reason to refuse a file.
    """

    path: Path
    message: str
    harmless: bool = False


class InvalidConfig(InvalidArgument):
    """Settings that cannot be used; the text has a line for each problem."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


def dotted(path: Path) -> str:
    """The path as it would be written in the file: `plugins."io.containerd.gc.v1.scheduler".startup_delay`."""
    return ".".join(key if _BARE.fullmatch(key) else _quoted(key) for key in path)


def _quoted(key: str) -> str:
    """A basic string of TOML: one of JSON, but for DEL."""
    return json.dumps(key, ensure_ascii=False).replace("\x7f", "\\u007f")
