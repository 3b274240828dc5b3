"""Plans for a person, and as JSON. Imported only when something failed, and by --dry-run and `explain`."""

from __future__ import annotations

from . import flag_names
from .phrases import PHRASES
from .table import OPERATIONS, OPTIONS, STEPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .operation import Operation, Plan

ROWS = {number: (name, [field for field, _ in fields]) for number, name, fields, _ in OPERATIONS}
STEP_NAMES = {number: name for number, name, _ in STEPS}
ORDER = ("launcher", "mapping", "attend", "init")  # in which steps begin; init goes on during `attend`
BPF_INSTRUCTION_SIZE = 8  # of both, classic and extended
SHOWN_CONTENT = 80  # bytes of a file's new content; more is shown by its length


def describe(operation: Operation) -> str:
    """One line that tells what an operation does, with its flags by name."""
    if operation.number not in ROWS:
        return f"operation {operation.number}"
    name, fields = ROWS[operation.number]
    values = {field: _Shown(name, value) for field, value in zip(fields, operation.arguments, strict=True)}
    first, *rest = PHRASES[name]
    text = first.format_map(values)
    for value in values.values():
        value.optional = True
    for part in rest:
        try:
            text += part.format_map(values)
        except _Absent:
            continue
    return text


def describe_plan(plan: Plan) -> str:
    """All operations by step, each with its index in the plan and with what in the config asked for it."""
    lines: list[str] = []
    meanings = {name: meaning for _, name, meaning in STEPS}
    for step in ORDER:
        chosen = [
            (index, operation)
            for index, operation in enumerate(plan.operations)
            if STEP_NAMES[operation.step] == step
        ]
        if chosen:
            lines.append(f"{step}: {meanings[step]}")
        for index, operation in chosen:
            where = f"  # {_printable(operation.where)}" if operation.where else ""
            lines.append(f"{index:5}  {describe(operation)}{where}")
    return "".join(f"{line}\n" for line in lines)


def plan_as_json(plan: Plan) -> str:
    """The plan as a JSON list of {index, operation, step, where, fields}, in the order of execution within a step.

    Bytes become {"base64", "length"}; a text that is no UTF-8 becomes the same.
    """
    from tiffin.spec.json_tree import encode

    listed = []
    for index, operation in enumerate(plan.operations):
        name, fields = ROWS[operation.number]
        listed.append(
            {
                "index": index,
                "operation": name,
                "step": STEP_NAMES[operation.step],
                "where": operation.where,
                "fields": {
                    field: _as_json(value) for field, value in zip(fields, operation.arguments, strict=True)
                },
            }
        )
    return encode(listed, indent=2) + "\n"


def _as_json(value: Any) -> object:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return _as_json(value.encode("utf-8", "surrogateescape"))
    elif isinstance(value, bytes):
        from binascii import b2a_base64

        return {"base64": b2a_base64(value, newline=False).decode(), "length": len(value)}
    elif isinstance(value, (tuple, list)):
        return [_as_json(item) for item in value]
    return value


class _Absent(Exception):
    """A field of an optional part is empty."""


class _Shown:
    """A field's value, which a phrase formats: `{name:way}`."""

    def __init__(self, operation: str, value: Any) -> None:
        self.operation = operation
        self.value = value
        self.optional = False

    def __format__(self, way: str) -> str:
        text = _text(self.operation, way, self.value)
        if not text and self.optional:
            raise _Absent
        return text or "''"


def _text(operation: str, way: str, value: Any) -> str:
    if value is None:
        return ""
    if way == "options":
        return _options(operation, value)
    return WAYS[way](value)


def _plain(value: int | str) -> str:
    """A number, or a text: quoted if it might be taken for several, or would disturb a terminal."""
    text = str(value)
    return repr(text) if " " in text else _printable(text)


def _printable(text: str) -> str:
    return text if text.isprintable() else repr(text)


def _options(operation: str, bits: int) -> str:
    """Our own bits, by their names in the table: those whose meaning begins with the operation."""
    names = [
        (bit, name.partition("_")[2].lower().replace("_", " "))
        for name, bit, meaning in OPTIONS
        if operation in meaning.partition(":")[0].split(", ")
    ]
    return flag_names.flags(bits, names).replace("|", ", ")


def _content(data: bytes) -> str:
    text = data.decode("utf-8", "replace")
    return repr(text) if len(data) <= SHOWN_CONTENT and text.strip().isprintable() else f"{len(data)} bytes"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""


def _instructions(program: bytes) -> str:
    return _counted(len(program) // BPF_INSTRUCTION_SIZE, "instruction")


WAYS: dict[str, Callable[[Any], str]] = {
    "": _plain,
    "attributes": lambda bits: flag_names.flags(bits, flag_names.ATTRIBUTES),
    "capabilities": flag_names.capabilities,
    "clone": lambda bits: flag_names.flags(bits, flag_names.CLONE),
    "console": lambda wanted: "bound on /dev/console" if wanted else "",
    "content": _content,
    "given": lambda number: "" if number < 0 else str(number),
    "hex": lambda bits: hex(bits) if bits else "",
    "instructions": _instructions,
    "io": flag_names.io_priority,
    "limit": flag_names.limit,
    "lines": lambda text: _printable("; ".join(line for line in text.splitlines() if line)),
    "memory": flag_names.memory_mode,
    "mount": lambda bits: flag_names.flags(bits, flag_names.MOUNT),
    "nanoseconds": lambda duration: f"{duration} ns" if duration else "",
    "node": flag_names.node_type,
    "octal": lambda mode: f"{mode & flag_names.MODE_BITS:04o}",
    "persona": flag_names.persona,
    "policy": lambda number: flag_names.POLICIES.get(number, str(number)),
    "ranges": flag_names.ranges,
    "recursive": lambda wanted: "recursive" if wanted else "",
    "rlimit": lambda number: flag_names.RLIMITS.get(number, f"limit {number}"),
    "scheduler": lambda bits: flag_names.flags(bits, flag_names.SCHEDULER),
    "seccomp": lambda bits: flag_names.flags(bits, flag_names.SECCOMP),
    "seconds": lambda duration: f"{duration} s" if duration else "",
    "variables": lambda environment: _counted(len(environment), "variable"),
    "words": lambda words: " ".join(_plain(word) if word else "''" for word in words),
}
