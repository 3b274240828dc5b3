"""`Record`: a frozen, typed value that costs nothing to import.

The cold command line has about four milliseconds; `dataclasses` alone takes eight. A `Record` is a tuple
underneath: immutable, hashable, compared by value, with named and typed fields and defaults.

    class Device(Record):
        path: str
        major: int = 0
"""

from __future__ import annotations

from _collections import _tuplegetter  # the C accessor that collections.namedtuple uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Self, dataclass_transform
else:

    def dataclass_transform(**_options):
        return lambda cls: cls


@dataclass_transform(frozen_default=True)
class Record(tuple):  # type: ignore[type-arg]  # heterogeneous: each subclass names its own fields
    """Base class of small frozen values; annotations in the subclass are its fields, in order."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        written = cls.__dict__.get("__annotations__", ())  # noqa: RUF063  # `inspect` is not for cold modules
        own = [name for name in written if not name.startswith("_")]
        cls._defaults = dict(cls._defaults)
        for name in own:
            if name in cls.__dict__:
                cls._defaults[name] = cls.__dict__[name]
        first = len(cls._fields)
        cls._fields = (*cls._fields, *own)
        for index, name in enumerate(own, first):
            setattr(cls, name, _tuplegetter(index, ""))

    def __new__(cls, *values: Any, **named: Any) -> Self:
        fields = cls._fields
        if named or len(values) != len(fields):
            values = cls._complete(values, named)
        return tuple.__new__(cls, values)

    @classmethod
    def _complete(cls, values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """Fills in named fields and defaults; raises TypeError as a function call would."""
        fields = cls._fields
        if len(values) > len(fields):
            raise TypeError(f"{cls.__name__} takes {len(fields)} fields, {len(values)} were given")
        rest = []
        for name in fields[len(values) :]:
            if name in named:
                rest.append(named.pop(name))
            elif name in cls._defaults:
                rest.append(cls._defaults[name])
            else:
                raise TypeError(f"{cls.__name__} needs the field {name!r}")
        if named:
            raise TypeError(f"{cls.__name__} has no field {next(iter(named))!r}, or it was given twice")
        return (*values, *rest)

    def replace(self, **changes: Any) -> Self:
        """The same record with some fields changed."""
        named = dict(zip(self._fields, self, strict=True))
        unknown = changes.keys() - named.keys()
        if unknown:
            raise TypeError(f"{type(self).__name__} has no field {min(unknown)!r}")
        return type(self)(**{**named, **changes})

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and tuple.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return tuple.__hash__(self)

    def __repr__(self) -> str:
        pairs = (f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{type(self).__name__}({', '.join(pairs)})"
