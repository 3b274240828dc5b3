"""`line_of`: where in a file a key is first set. tomllib does not tell; the file is parsed again, line by line, for it.

A prefix of a sound TOML file is itself sound exactly where a statement ends, so the statement that brings a key is what
stands between two such prefixes. This costs a parse a line, and is done only to say what is wrong.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from tiffin.manager.config.problem import Path


def line_of(text: str, path: Path) -> int:
    """The line, from 1, on which the statement begins that first sets the key or the table; 0 if none does.

    Args:
        text: of a whole file that tomllib could read.
        path: of the key.
    """
    lines = [f"{line}\n" for line in text.split("\n")]  # `splitlines` knows more ends than TOML
    begins = 1
    for count in range(1, len(lines) + 1):
        try:
            tree = tomllib.loads("".join(lines[:count]))
        except tomllib.TOMLDecodeError:  # in the middle of a value of many lines
            continue
        if has(tree, path):
            return begins
        begins = count + 1
    return 0


def has(tree: object, path: Path) -> bool:
    """Whether a tree, as tomllib has it, sets the key."""
    for key in path:
        if not isinstance(tree, Mapping) or key not in tree:
            return False
        tree = tree[key]
    return True
