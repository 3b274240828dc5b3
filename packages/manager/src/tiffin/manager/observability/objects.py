"""What the interpreter keeps, counted by class: to see what grows."""

from __future__ import annotations

import gc
from collections import Counter

MOST = 100


def objects() -> str:
    """The classes with the most objects that the collector of Python knows, one a line, after a collection."""
    gc.collect()
    counts = Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())
    lines = [f"{count:10} {name}" for name, count in counts.most_common(MOST)]
    return "\n".join([f"{counts.total():10} objects", *lines, ""])
