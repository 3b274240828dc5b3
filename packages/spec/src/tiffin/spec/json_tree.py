"""JSON text to a tree of dicts and lists, and back, without importing `json` (9 ms): a cold module.

The interpreter's own C scanner and encoder do the work. As Go's decoder does, which wrote most of what is read
here: the last of two equal keys wins, and half a surrogate pair becomes U+FFFD. NaN and Infinity are refused.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes or characters that `decode` takes unless told otherwise."""
DEPTH_LIMIT = 200
"""Levels of nesting that `decode` takes; the deepest member of a config.json is at level 7."""

_SPACE = " \t\n\r"


class JSONError(ValueError):
    """Text that is no JSON: `message`, and where, as `line` and `column` from 1 (0, 0: nowhere in particular)."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        self.message = message
        self.line = line
        self.column = column
        super().__init__(f"line {line}, column {column}: {message}" if line else message)


def decode(data: bytes | str, *, size_limit: int = SIZE_LIMIT) -> object:
    """The tree of the one JSON value in `data` (bytes are UTF-8).

    Raises JSONError if it is no JSON, is followed by anything but space, nests deeper than DEPTH_LIMIT, or has
    more than `size_limit` bytes or characters.
    """
    if len(data) > size_limit:
        raise JSONError(f"too long: {len(data)} bytes, at most {size_limit} are read")
    text = data if isinstance(data, str) else _text(data)
    start = len(text) - len(text.lstrip(_SPACE))
    try:
        tree, end = _scan(text, start)
    except StopIteration as stop:
        raise _error("a value was expected", text, stop.value) from None
    except RecursionError:
        raise JSONError(f"nested deeper than {DEPTH_LIMIT} levels") from None
    except JSONError:
        raise
    except ValueError as error:  # json.JSONDecodeError, or an integer of thousands of digits
        raise _error(getattr(error, "msg", str(error)), text, getattr(error, "pos", None)) from None
    rest = text[end:].lstrip(_SPACE)
    if rest:
        raise _error("more text after the end of the value", text, len(text) - len(rest))
    if text.count("[") + text.count("{") > DEPTH_LIMIT:
        _check_depth(tree)
    if "\\ud" in text or "\\uD" in text:
        tree = _without_half_pairs(tree)
    return tree


def encode(tree: object, *, indent: int = 0) -> str:
    """The JSON text of a tree; in one line, or with `indent` spaces for each level.

    Raises ValueError for NaN, infinity and trees that contain themselves, TypeError for what JSON cannot say.
    """
    if indent:
        return "".join(_indented(tree, " " * indent, "\n", _encoder()))
    return "".join(_encoder()(tree, 0))


def _scan(text: str, start: int) -> tuple[object, int]:
    try:
        return _scan_once(text, start)
    except SystemError:
        # Up to Python 3.12 the scanner finds the class of its error in json.decoder, and breaks if that is not there.
        import json.decoder  # noqa: F401  # for its effect

        return _scan_once(text, start)


def _text(data: bytes) -> str:
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        raise _error(f"byte 0x{data[error.start]:02x} is not UTF-8", before, len(before)) from None


def _error(message: str, text: str, position: int | None) -> JSONError:
    if position is None:
        return JSONError(message)
    line = text.count("\n", 0, position) + 1
    return JSONError(message, line, position - text.rfind("\n", 0, position))


def _check_depth(tree: object) -> None:
    """Level by level, so that no tree is too deep for the check itself."""
    level = [tree]
    for _ in range(DEPTH_LIMIT):
        below: list[object] = []
        for node in level:
            if type(node) is dict:
                below += [value for value in node.values() if type(value) is dict or type(value) is list]
            elif type(node) is list:
                below += [value for value in node if type(value) is dict or type(value) is list]
        if not below:
            return
        level = below
    raise JSONError(f"nested deeper than {DEPTH_LIMIT} levels")


def _without_half_pairs(node: object) -> object:
    if type(node) is str:
        return node.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if type(node) is list:
        return [_without_half_pairs(item) for item in node]
    if type(node) is dict:
        return {_without_half_pairs(key): _without_half_pairs(item) for key, item in node.items()}
    return node


def _indented(node: object, indent: str, line: str, encoder: Callable[..., tuple[str, ...]]) -> Iterator[str]:
    """Chunks of `node`; `line` is a line feed and the indentation of the line on which it stands."""
    deeper = line + indent
    if type(node) is dict and node:
        start = "{"
        for key, item in node.items():
            if type(key) is not str:
                raise TypeError(f"a key of a JSON object is a string, not {type(key).__name__}")
            yield start + deeper
            yield from encoder(key, 0)
            yield ": "
            yield from _indented(item, indent, deeper, encoder)
            start = ","
        yield line + "}"
    elif type(node) is list and node:
        start = "["
        for item in node:
            yield start + deeper
            yield from _indented(item, indent, deeper, encoder)
            start = ","
        yield line + "]"
    else:
        yield from encoder(node, 0)


def _constant(name: str) -> object:
    raise JSONError(f"{name} is no number of JSON")


def _default(value: object) -> object:
    raise TypeError(f"JSON has no {type(value).__name__}")


class _Context:
    """What the C scanner asks of its decoder."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_constant)


try:
    import _json
except ImportError:  # an interpreter without the accelerator
    from json import JSONDecoder, JSONEncoder

    _scan_once: Callable[[str, int], tuple[object, int]] = JSONDecoder(parse_constant=_constant).scan_once  # type: ignore[attr-defined]  # public, but not in typeshed

    def _encoder() -> Callable[..., tuple[str, ...]]:
        encoder = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_default)
        return lambda tree, _level: (encoder.encode(tree),)

else:
    _scan_once = _json.make_scanner(_Context)  # type: ignore[arg-type]  # any object with these attributes

    def _encoder() -> Callable[..., tuple[str, ...]]:
        """A new encoder each time: it remembers the objects that it is inside of, to find circles."""
        encoder: Callable[..., tuple[str, ...]] = _json.make_encoder(
            {}, _default, _json.encode_basestring, None, ":", ",", False, False, False
        )
        return encoder
