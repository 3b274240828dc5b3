"""config.json to a typed `Config` and back: decoded, wholly validated, without loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.spec import json_tree
from tiffin.spec.model import from_tree, to_tree
from tiffin.spec.runtime.config import Config
from tiffin.spec.runtime.validation import errors, validate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.spec.runtime.validation import Problem


class InvalidConfig(ValueError):
    """A config with errors: `problems` has all of them, and the warnings."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        wrong = errors(list(problems))
        lines = "".join(f"\n  {problem}" for problem in wrong)
        super().__init__(f"{len(wrong)} problem{'s' if len(wrong) > 1 else ''} in the config:{lines}")


def decode_config(data: bytes | str) -> Config:
    """The config of a config.json.

    Raises tiffin.spec.json_tree.JSONError if it is no JSON, InvalidConfig with every problem if it has errors.
    Warnings do not raise: `tiffin.spec.runtime.validate` tells them.
    """
    return config_from_tree(json_tree.decode(data))


def config_from_tree(tree: object) -> Config:
    """The config of a decoded tree. Raises InvalidConfig with every problem if it has errors."""
    problems = validate(tree)
    if errors(problems):
        raise InvalidConfig(problems)
    return from_tree(tree, Config)


def encode_config(config: Config, *, indent: int = 0) -> bytes:
    """The text of a config.json, in UTF-8."""
    return json_tree.encode(to_tree(config), indent=indent).encode()
