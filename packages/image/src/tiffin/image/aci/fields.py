"""`Members`: the members of a JSON object of appc, checked as they are taken out.

Names are compared without their case, as Go's decoder does it: the specification itself writes `supplementaryGids` in
its example and `supplementaryGIDs` in its table.
"""

from __future__ import annotations

import re

from tiffin.image.errors import InvalidImage
from tiffin.image.layers.names import MOST_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

IDENTIFIER = re.compile(r"[a-z0-9]+([-._~/][a-z0-9]+)*")  # "AC Identifier Type"
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")  # "AC Name Type"


class Members:
    """Args: tree: what should be an object. what: where it stands, for errors.

    Raises:
        InvalidImage: if it is none; all methods raise it for a member of another type than they return.
    """

    def __init__(self, tree: object, what: str) -> None:
        if not isinstance(tree, dict):
            raise InvalidImage(f"{what} must be an object")
        self.what = what
        self._tree: dict[str, Any] = {key.lower(): value for key, value in tree.items()} | tree
        self._own: dict[str, Any] = tree
        self._asked: set[str] = set()

    def value(self, name: str) -> Any:
        """A member, whatever it is; None if it is missing, or null."""
        self._asked.add(name.lower())
        return self._tree.get(name, self._tree.get(name.lower()))

    def text(self, name: str, default: str | None = None) -> str:
        """A string; there must be one where there is no default."""
        value = self.value(name)
        if value is None and default is not None:
            return default
        return self._text(value, name)

    def matching(self, name: str, pattern: re.Pattern[str]) -> str:
        """A string of a form that the specification restricts."""
        value = self.text(name)
        if not pattern.fullmatch(value):
            raise InvalidImage(f"{self.what}: {name} must be of the form {pattern.pattern}, it is {value!r}")
        return value

    def flag(self, name: str) -> bool:
        """A boolean; false where there is none."""
        value = self.value(name)
        if value is not None and not isinstance(value, bool):
            raise InvalidImage(f"{self.what}: {name} must be true or false, it is {value!r}")
        return bool(value)

    def number(self, name: str, least: int, most: int, default: int | None = None) -> int:
        """An integer; there must be one where there is no default."""
        value = self.value(name)
        if value is None and default is not None:
            return default
        return self._number(value, name, least, most)

    def numbers(self, name: str, least: int, most: int) -> tuple[int, ...]:
        """A list of integers; an empty one where there is none."""
        return tuple(self._number(value, name, least, most) for value in self._list(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings; an empty one where there is none."""
        return tuple(self._text(value, name) for value in self._list(name))

    def path(self, value: str, name: str) -> str:
        """A string as it is, which may be no longer than the kernel takes a path."""
        if len(value.encode()) > MOST_BYTES:
            raise InvalidImage(f"{self.what}: {name} has a path of more than {MOST_BYTES} bytes")
        return value

    def objects(self, name: str) -> tuple[Members, ...]:
        """A list of objects; an empty one where there is none."""
        return tuple(
            Members(value, f"{self.what}: {name}[{number}]") for number, value in enumerate(self._list(name))
        )

    def pairs(self, name: str, pattern: re.Pattern[str]) -> dict[str, str]:
        """A list of objects with `name` and `value`; a name may be there once."""
        found: dict[str, str] = {}
        for item in self.objects(name):
            key = item.matching("name", pattern)
            if key in found:
                raise InvalidImage(f"{self.what}: {name} has {key!r} twice")
            found[key] = item.text("value")
        return found

    def mapping(self, name: str) -> dict[str, str]:
        """An object whose values are strings; an empty one where there is none."""
        value = self.value(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise InvalidImage(f"{self.what}: {name} must be an object")
        return {key: self._text(text, f"{name}.{key}") for key, text in value.items()}

    def unknown(self) -> dict[str, Any]:
        """The members that nobody has asked for."""
        return {key: value for key, value in self._own.items() if key.lower() not in self._asked}

    def _list(self, name: str) -> list[Any]:
        value = self.value(name)
        if value is not None and not isinstance(value, list):
            raise InvalidImage(f"{self.what}: {name} must be a list")
        return value or []

    def _text(self, value: object, name: str) -> str:
        if not isinstance(value, str) or "\0" in value:
            raise InvalidImage(f"{self.what}: {name} must be a string without NUL, it is {value!r}")
        return value

    def _number(self, value: object, name: str, least: int, most: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise InvalidImage(
                f"{self.what}: {name} must be an integer from {least} to {most}, it is {value!r}"
            )
        return value
