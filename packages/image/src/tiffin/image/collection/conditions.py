"""`Conditions`: references to snapshots that hold only while a value of the snapshot says so.

containerd.io/gc.cond.snapshot.<snapshotter>[/x]    of an image or a blob, which then keeps the snapshot:
                                                    `usedat<24h|<key>`: while that was used less than a day ago
containerd.io/gc.cond.value-usedat[x]               of the snapshot: when it was used, RFC 3339

Of several conditions, separated by commas, or values, any that holds does. What is not known holds never.
Source: containerd 2.3, core/metadata/gc.go ("Conditional labels").
"""

from __future__ import annotations

import re

from tiffin.image.collection.references import Node
from tiffin.image.durations import nanoseconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONDITION = "containerd.io/gc.cond.snapshot"
USED_AT = "containerd.io/gc.cond.value-usedat"
_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII
)  # as Go's time.RFC3339
_USED = re.compile(r"usedat([<>])([^=].*)", re.DOTALL)


class Conditions:
    """Those of one collection. now: nanoseconds since 1970."""

    def __init__(self, now: int) -> None:
        self._now = now
        self._conditions: list[tuple[Node, Node, str, float]] = []  # keeper, kept, < or >, nanoseconds
        self._ages: dict[Node, list[float]] = {}

    def keeper(self, node: Node, labels: Mapping[str, str]) -> None:
        """Takes note of what an image or a blob would keep."""
        for name, value in labels.items():
            if name.startswith(CONDITION):
                snapshotter = name[len(CONDITION) :].lstrip("./").partition("/")[0]
                conditions, bar, key = value.partition("|")
                if bar:
                    kept = Node(node.namespace, f"snapshots/{snapshotter}", key)
                    self._conditions += ((node, kept, *each) for each in _read(conditions))

    def snapshot(self, node: Node, labels: Mapping[str, str]) -> None:
        """Takes note of when a snapshot was used."""
        ages = [self._age(value) for name, value in labels.items() if name.startswith(USED_AT)]
        if known := [age for age in ages if age is not None]:
            self._ages[node] = known

    def edges(self) -> Iterator[tuple[Node, Node]]:
        """Who keeps whom."""
        for keeper, kept, sign, limit in self._conditions:
            ages = self._ages.get(kept, ())
            if any(age < limit if sign == "<" else age > limit for age in ages):
                yield keeper, kept

    def _age(self, text: str) -> float | None:
        """Nanoseconds; None for what is no time."""
        from datetime import datetime  # only here: it takes five milliseconds

        try:
            moment = datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
        except ValueError:
            return None
        return None if moment is None else self._now - moment.timestamp() * 10**9


def _read(text: str) -> Iterator[tuple[str, float]]:
    """The conditions that are known, and can hold."""
    for each in text.split(","):
        if match := _USED.fullmatch(each):
            try:
                yield match[1], nanoseconds(match[2])
            except ValueError:
                continue
