"""JSON files of containers, read by runtimes and by every later command."""

from __future__ import annotations

import os

from tiffin.spec.json_tree import encode


def json_bytes(tree: object) -> bytes:
    """UTF-8 in any locale. Bytes of arguments that are no UTF-8 become U+FFFD, as docker has it."""
    text = encode(tree)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text).decode(errors="replace").encode()


def write_json(path: str, tree: object) -> None:
    """Writes `json_bytes`."""
    with open(path, "wb") as file:
        file.write(json_bytes(tree))
