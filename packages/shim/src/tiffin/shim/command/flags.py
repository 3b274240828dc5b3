"""From argv to an `Invocation`, by the rules of Go's flag package, which containerd writes by.

One dash or two, `-flag value` or `-flag=value`, a switch also as `-switch=false`. The first word that is no flag is
the action; what comes after it is ignored, as the real shim does.

Source: containerd, pkg/shim/shim.go; docs/runtime-v2.md.
"""

from __future__ import annotations

from tiffin.runtime.errors import InvalidArgument
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})
SWITCHES = {
    "debug": "debug",
    "h": "help",
    "help": "help",
    "info": "info",
    "v": "version",
    "version": "version",
}
TEXTS = {
    "namespace": "namespace",
    "id": "id",
    "address": "address",
    "bundle": "bundle",
    "socket": "socket",
    "debug-socket": "debug_socket",
    "publish-binary": "publish_binary",
}


class Invocation(Record):
    """A command line, understood.

    namespace, id: of the container. address: of containerd's gRPC socket. bundle: "" for the current folder.
    socket: where to serve, "" for a socket that was handed down. publish_binary, debug_socket: taken, and not used.
    action: "start", "delete", or "" to serve.
    """

    namespace: str = ""
    id: str = ""
    address: str = ""
    bundle: str = ""
    socket: str = ""
    debug_socket: str = ""
    publish_binary: str = ""
    debug: bool = False
    help: bool = False
    version: bool = False
    info: bool = False
    action: str = ""


def parse(words: Sequence[str]) -> Invocation:
    """Reads a command line, without the program's name. Raises InvalidArgument."""
    values: dict[str, Any] = {}
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        name, equals, value = word.removeprefix("-").removeprefix("-").partition("=")
        if name in SWITCHES:
            values[SWITCHES[name]] = _switch(word, value) if equals else True
        elif name in TEXTS:
            values[TEXTS[name]] = value if equals else _next(word, rest)
        else:
            raise InvalidArgument(f"flag provided but not defined: {word}")
    return Invocation(**values, action=rest[0] if rest else "")


def _switch(word: str, value: str) -> bool:
    if value not in TRUE | FALSE:
        raise InvalidArgument(f"{word}: a switch is true or false")
    return value in TRUE


def _next(word: str, rest: list[str]) -> str:
    if not rest:
        raise InvalidArgument(f"flag needs an argument: {word}")
    return rest.pop(0)
