"""`Filter`: what is to be matched, by asking for fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from tiffin.runtime.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeVar

    T = TypeVar("T")

Field = Callable[[Sequence[str]], str | None]
"""The text of a field by its path; None if it is not there."""


class Operator(Enum):
    """How a field is compared."""

    PRESENT = ""
    EQUAL = "=="
    NOT_EQUAL = "!="
    MATCHES = "~="


class Selector(Record):
    """One condition. expression: compiled by re2, for MATCHES."""

    path: tuple[str, ...]
    operator: Operator
    value: str = ""
    expression: Any = None

    def matches(self, field: Field) -> bool:
        """Whether it is true. What is not there counts as an empty text, but not for EQUAL."""
        found = field(self.path)
        if self.operator is Operator.PRESENT:
            return found is not None
        if self.operator is Operator.EQUAL:
            return found is not None and found == self.value
        if self.operator is Operator.NOT_EQUAL:
            return (found or "") != self.value
        return self.expression.search(found or "") is not None


class Filter(Record):
    """True if all selectors of one alternative are; with no alternatives always."""

    alternatives: tuple[tuple[Selector, ...], ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether it is true for everything."""
        return not self.alternatives

    def matches(self, field: Field) -> bool:
        """Whether it is true for something that tells its fields."""
        if self.is_everything:
            return True
        return any(all(one.matches(field) for one in selectors) for selectors in self.alternatives)

    def select(self, items: Iterable[T], adaptor: Callable[[T], Field]) -> Iterator[T]:
        """Those that it is true for. adaptor: see `adaptors`."""
        if self.is_everything:
            return iter(items)
        return (item for item in items if self.matches(adaptor(item)))


EVERYTHING = Filter()
