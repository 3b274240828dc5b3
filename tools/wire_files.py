"""What `generate_wire.py` (the runtime's plan) and `generate_monitor_wire.py` (the shim's monitor) share.

Both have a table of messages, whose fields have kinds, and write from it a Python module, a C header with a struct for
each message, and C source with the layouts by which these structs are filled. What differs is theirs.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    # a message's number, its name, its fields by name and kind, and what it means
    Row = tuple[int, str, Sequence[tuple[str, str]], str]

C_TYPE = {
    "int": "int64_t ",
    "text": "const char *",
    "text?": "const char *",
    "bytes": "struct wire_bytes ",
    "texts": "struct wire_texts ",
    "ints": "struct wire_ints ",
    "records": "struct wire_records ",
}
C_KIND = {
    "int": "WIRE_INT",
    "text": "WIRE_TEXT",
    "text?": "WIRE_TEXT_OR_NULL",
    "bytes": "WIRE_BYTES",
    "texts": "WIRE_TEXTS",
    "ints": "WIRE_INTS",
    "records": "WIRE_RECORDS",
}
# what the structs of messages are made of
C_PARTS = """
struct wire_bytes {
	const unsigned char *data;
	size_t length;
};

/* items[count] is NULL, as execve wants it */
struct wire_texts {
	const char **items;
	size_t count;
};

struct wire_ints {
	int64_t *items;
	size_t count;
};
"""
C_LAYOUT = """
struct wire_field {
	uint16_t kind;
	uint16_t offset;
};

struct wire_layout {
	uint16_t number;
	uint16_t field_count;
	size_t size;
	const struct wire_field *fields;
%s};

extern const struct wire_layout wire_layouts[];
extern const size_t wire_layout_count;

#endif
"""


def load_table(path: Path) -> ModuleType:
    """Loads a table by its path, so that nothing needs to be installed."""
    spec = importlib.util.spec_from_file_location("table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sentence(meaning: str) -> str:
    """What a row means, as a docstring."""
    return f"{meaning[0].upper()}{meaning[1:]}."


def c_structs(rows: Iterable[Row]) -> list[str]:
    """One struct for each message that has fields."""
    lines = []
    for _, name, fields, meaning in rows:
        if fields:
            lines += ["", f"/* {meaning} */", f"struct wire_{name} {{"]
            lines += [*(f"\t{C_TYPE[kind]}{field};" for field, kind in fields), "};"]
    return lines


def c_kinds(kinds: Iterable[str]) -> list[str]:
    """The numbers of the kinds of fields that a table has."""
    return ["", "enum wire_kind {", *(f"\t{C_KIND[kind]}," for kind in kinds), "};"]


def c_layout(*, named: bool) -> str:
    """The end of the header: what a layout is. named: it holds the message's name."""
    return C_LAYOUT % ("\tconst char *name;\n" if named else "")


def c_layouts(note: str, prefix: str, rows: Sequence[Row], *, named: bool) -> str:
    """The source that has the layouts. prefix: of the numbers of messages. named: as of `c_layout`."""
    lines = [f"/* {note} */", '#include "wire.h"', ""]
    for _, name, fields, _ in rows:
        if fields:
            places = (
                f"\t{{{C_KIND[kind]}, offsetof(struct wire_{name}, {field})}}," for field, kind in fields
            )
            lines += [f"static const struct wire_field {name}_fields[] = {{", *places, "};"]
    lines += ["", "const struct wire_layout wire_layouts[] = {"]
    for _, name, fields, _ in rows:
        size, pointer = (f"sizeof(struct wire_{name})", f"{name}_fields") if fields else ("0", "NULL")
        also = f', "{name}"' if named else ""
        lines.append(f"\t{{{prefix}_{name.upper()}, {len(fields)}, {size}, {pointer}{also}}},")
    lines += ["};", "", "const size_t wire_layout_count = sizeof(wire_layouts) / sizeof(wire_layouts[0]);"]
    return "\n".join(lines) + "\n"


def write_or_check(tool: str, outputs: Mapping[Path, str], arguments: Sequence[str]) -> int:
    """Writes the files that are out of date; with --check only says which. Returns the exit code."""
    stale = [path for path, text in outputs.items() if not path.exists() or path.read_text() != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path} is out of date: run tools/{tool}", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(outputs[path])
    return 0
