"""Any plan that the table allows, as a hypothesis strategy; and the blob read back, which only tests need."""

from __future__ import annotations

import struct
from typing import Any

from hypothesis import strategies as st

from tiffin.runtime.plan.encode import MAGIC
from tiffin.runtime.plan.operation import Operation, Plan
from tiffin.runtime.plan.operations import KINDS
from tiffin.runtime.plan.table import STEPS, WIRE_VERSION

LONGEST = 0xFFFFFFFF
int64 = st.integers(-(1 << 63), (1 << 63) - 1)
# whatever a path of Linux can be, as Python has it
texts = st.binary(max_size=40).map(lambda data: data.replace(b"\0", b"").decode("utf-8", "surrogateescape"))
OF_KIND: dict[str, st.SearchStrategy[Any]] = {
    "int": int64,
    "text": texts,
    "text?": st.none() | texts,
    "bytes": st.binary(max_size=64),
    "texts": st.lists(texts, max_size=4).map(tuple),
    "ints": st.lists(int64, max_size=4).map(tuple),
}


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    number = draw(st.sampled_from(sorted(KINDS)))
    step = draw(st.sampled_from([row[0] for row in STEPS]))
    return Operation(number, step, "", tuple(draw(OF_KIND[kind]) for kind in KINDS[number]))


plans = st.lists(operations(), max_size=6).map(lambda listed: Plan(tuple(listed)))


def smallest(number: int) -> Operation:
    """An operation with nothing in it: zero, empty, None."""
    empty: dict[str, Any] = {"int": 0, "text": "", "text?": None, "bytes": b"", "texts": (), "ints": ()}
    return Operation(number, 0, "", tuple(empty[kind] for kind in KINDS[number]))


def decode(blob: bytes) -> Plan:
    """Reads a blob by the grammar in plan/encode.py, written anew and strictly; `where` is not in it."""
    assert blob[:8] == MAGIC
    version, flags, count, length = struct.unpack_from("<4I", blob, 8)
    assert (version, flags & ~1, length) == (WIRE_VERSION, 0, len(blob))
    found, position = [], 24
    for _ in range(count):
        number, step, size = struct.unpack_from("<HHI", blob, position)
        values, end = [], position + 8
        for kind in KINDS[number]:
            value, end = _field(kind, blob, end)
            values.append(value)
        assert end == position + 8 + size
        found.append(Operation(number, step, "", tuple(values)))
        position = end
    assert position == len(blob)
    return Plan(tuple(found))


def _field(kind: str, blob: bytes, start: int) -> tuple[Any, int]:
    if kind == "int":
        return struct.unpack_from("<q", blob, start)[0], start + 8
    (length,) = struct.unpack_from("<I", blob, start)
    start += 4
    if kind in {"texts", "ints"}:
        items = []
        for _ in range(length):
            item, start = _field(kind[:-1], blob, start)
            items.append(item)
        return tuple(items), start
    if kind == "text?" and length == LONGEST:
        return None, start
    data, end = blob[start : start + length], start + length
    assert blob[end] == 0
    return data if kind == "bytes" else data.decode("utf-8", "surrogateescape"), end + 1
