"""Reads config.json: decoded, nulls dropped, validated, and every problem named."""

from __future__ import annotations

from tiffin.spec.json_tree import JSONError, decode
from tiffin.spec.runtime.validation import drop_nulls, errors, validate, validate_process

from ..errors import InvalidArgument, NotFound
from ..state.files import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.spec.runtime.tree import ConfigTree, ProcessTree
    from tiffin.spec.runtime.validation import Problem

    from .settings import Warner

CONFIG_FILE = "config.json"


def read_config(bundle: str) -> bytes:
    """The bytes of a bundle's config.json.

    Raises:
        NotFound: there is no such bundle, or it has no config.
    """
    try:
        return read_file(f"{bundle}/{CONFIG_FILE}")
    except FileNotFoundError as error:
        raise NotFound(f"JSON specification file {CONFIG_FILE} not found in {bundle}") from error


def decode_config(data: bytes, *, source: str) -> ConfigTree:
    """The tree of a config.

    Args:
        source: the file's name, for errors.

    Raises:
        InvalidArgument: it is no JSON, or no object.
    """
    tree = decode_tree(data, source=source)
    if not isinstance(tree, dict):
        raise InvalidArgument(f"{source}: not a JSON object")
    return tree  # type: ignore[return-value]  # the validator compares it with the table


def decode_tree(data: bytes, *, source: str) -> object:
    """Any JSON, with its nulls dropped."""
    try:
        tree = decode(data)
    except JSONError as error:
        raise InvalidArgument(f"{source}: {error}") from error
    if b"null" in data:
        drop_nulls(tree)
    return tree


def check_config(tree: ConfigTree, log: Warner) -> None:
    """Validates a config.

    Raises:
        InvalidArgument: with every problem, each with its JSON path.
    """
    _check(validate, tree, log)


def check_process(tree: ProcessTree, log: Warner) -> None:
    """Validates a process object that stands alone; raises as `check_config` does."""
    _check(validate_process, tree, log)


def _check(validate_tree: Callable[[object], list[Problem]], tree: object, log: Warner) -> None:
    problems = validate_tree(tree)
    if not problems:
        return
    bad = errors(problems)
    if bad:
        raise InvalidArgument("invalid config: " + "; ".join(str(problem) for problem in bad))
    for problem in problems:
        log.debug(str(problem))
