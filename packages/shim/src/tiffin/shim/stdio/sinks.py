"""One text that names where output goes, to the monitor's `Sink`."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from tiffin.runtime.errors import InvalidArgument
from tiffin.spec import json_tree

from ..monitor.values import Sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from urllib.parse import SplitResult

FIFO = "fifo"
DEFAULT_FILES = 1
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
SIZE = re.compile(r"([0-9]+)([kKmMgG]?)(i?)[bB]?")
POWERS = {"": 0, "k": 1, "m": 2, "g": 3}
ROTATION = frozenset({"max-size", "max-files"})


def scheme_of(text: str) -> str:
    """`fifo` for a path."""
    match = SCHEME.match(text)
    return match[1].lower() if match else FIFO


def sink_of(text: str, environment: tuple[str, ...]) -> Sink:
    """The sink.

    Args:
        text: a path or a URI (see `stdio`).
        environment: of a logger that is started.

    Raises:
        InvalidArgument: it is neither, or has a parameter that its kind does not know.
    """
    if SCHEME.match(text) is None:
        return Sink(FIFO, _absolute(text, text))
    scheme = scheme_of(text)
    if scheme not in KINDS:
        raise InvalidArgument(f"{text!r}: unknown scheme; there are {', '.join(KINDS)}")
    try:
        uri = urlsplit(text)
    except ValueError as error:
        raise InvalidArgument(f"{text!r}: {error}") from error
    if uri.netloc or uri.fragment:
        raise InvalidArgument(f"{text!r}: wants the form {scheme}:///path")
    return KINDS[scheme](text, scheme, uri, environment)


def _plain(text: str, scheme: str, uri: SplitResult, _environment: tuple[str, ...]) -> Sink:
    """A FIFO or a file; containerd looks at no parameters of these."""
    return Sink(scheme, _absolute(unquote(uri.path), text))


def _logger(text: str, scheme: str, uri: SplitResult, environment: tuple[str, ...]) -> Sink:
    """Each parameter is two arguments, its name and its first value, as containerd's shim has it."""
    first: dict[str, str] = {}
    for name, value in parse_qsl(uri.query, keep_blank_values=True):
        first.setdefault(name, value)
    arguments = tuple(word for pair in first.items() for word in pair)
    return Sink(scheme, _absolute(unquote(uri.path), text), arguments=arguments, environment=environment)


def _rotated(text: str, scheme: str, uri: SplitResult, _environment: tuple[str, ...]) -> Sink:
    given = dict(parse_qsl(uri.query, keep_blank_values=True))
    known = ROTATION | ({"attrs"} if scheme == "json-file" else frozenset())
    if unknown := given.keys() - known:
        raise InvalidArgument(
            f"{text!r}: unknown parameter {min(unknown)!r}; there are {', '.join(sorted(known))}"
        )
    return Sink(
        scheme,
        _absolute(unquote(uri.path), text),
        max_bytes=read_size(given.get("max-size", "0"), text),
        max_files=_count(given.get("max-files", str(DEFAULT_FILES)), text),
        attributes=_attributes(given.get("attrs", ""), text),
    )


KINDS: Mapping[str, Callable[[str, str, SplitResult, tuple[str, ...]], Sink]] = {
    FIFO: _plain,
    "file": _plain,
    "binary": _logger,
    "binary-v2": _logger,
    "cri": _rotated,
    "json-file": _rotated,
}


def read_size(size: str, text: str) -> int:
    """Bytes: `10485760`, Docker's `10m` (of 1000), Kubernetes' `10Mi` (of 1024). Raises InvalidArgument with `text`."""
    match = SIZE.fullmatch(size)
    if match is None:
        raise InvalidArgument(f"{text!r}: max-size {size!r} is no size like 1048576, 10m or 10Mi")
    factor: int = (1024 if match[3] else 1000) ** POWERS[match[2].lower()]
    return int(match[1]) * factor


def _count(count: str, text: str) -> int:
    if not count.isascii() or not count.isdigit() or int(count) < 1:
        raise InvalidArgument(f"{text!r}: max-files {count!r} must be a number from 1 on")
    return int(count)


def _attributes(attributes: str, text: str) -> str:
    if not attributes:
        return ""
    try:
        tree = json_tree.decode(attributes)
    except json_tree.JSONError as error:
        raise InvalidArgument(f"{text!r}: attrs: {error}") from error
    if not isinstance(tree, dict):
        raise InvalidArgument(f"{text!r}: attrs must be a JSON object")
    return attributes


def _absolute(path: str, text: str) -> str:
    if not path.startswith("/") or "\0" in path:
        raise InvalidArgument(f"{text!r}: wants an absolute path")
    return path
