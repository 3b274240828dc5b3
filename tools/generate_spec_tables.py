#!/usr/bin/env python3
"""Writes, from the msgspec structs of `tiffin.spec.runtime`, the two modules that must say the same without msgspec.

    tools/generate_spec_tables.py           writes both
    tools/generate_spec_tables.py --check   exits with 1 if one of them is out of date

- `runtime/tree.py`: TypedDicts of the JSON tree, for type checkers only.
- `runtime/validation/table.py`: the table that the validator walks, as plain literals.
"""

from __future__ import annotations

import argparse
import keyword
import sys
import typing
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "packages/spec/src"
sys.path.insert(0, str(SOURCE))

import msgspec.inspect as inspect  # noqa: E402  # the path comes first

from tiffin.spec.model import EXTRA  # noqa: E402
from tiffin.spec.runtime import config, features, linux, other_platforms, process, resources, seccomp, state  # noqa: E402  # noqa: E402

PACKAGE = SOURCE / "tiffin/spec/runtime"
HEAD = "# Written by tools/generate_spec_tables.py from the structs of tiffin.spec.runtime: do not edit.\n"
MODULES = (process, resources, seccomp, linux, other_platforms, config, state, features)
INTEGERS = {
    (-(2**31), 2**31 - 1): "INT32",
    (-(2**63), 2**63 - 1): "INT64",
    (0, 2**16 - 1): "UINT16",
    (0, 2**32 - 1): "UINT32",
    (0, 2**64 - 1): "UINT64",
}


class Field(typing.NamedTuple):
    """One member of an object: its type without None, and whether the spec and we insist on it."""

    name: str
    type: inspect.Type
    required: bool  # an error if it is missing
    tolerated: bool  # required by the spec, but a warning if it is missing
    limit: int | None  # the upper bound, where msgspec has none


def structs_of(roots: tuple[type, ...]) -> dict[str, inspect.StructType]:
    """Every struct that the roots reach, each after those that it uses."""
    found: dict[str, inspect.StructType] = {}

    def visit(kind: inspect.Type) -> None:
        kind = bare(kind)
        if isinstance(kind, inspect.StructType):
            for field in kind.fields:
                visit(field.type)
            found.setdefault(kind.cls.__name__, kind)
        elif isinstance(kind, inspect.ListType):
            visit(kind.item_type)
        elif isinstance(kind, inspect.DictType):
            visit(kind.value_type)

    for root in roots:
        visit(inspect.type_info(root))
    return found


def bare(kind: inspect.Type) -> inspect.Type:
    """The type without its metadata and without None."""
    if isinstance(kind, inspect.Metadata):
        return bare(kind.type)
    if isinstance(kind, inspect.UnionType):
        (kind,) = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
        return bare(kind)
    return kind


def metadata(kind: inspect.Type) -> dict[str, object]:
    """What the `Meta(extra=...)` annotations of a type say together."""
    if isinstance(kind, inspect.Metadata):
        return {**metadata(kind.type), **(kind.extra or {})}
    if isinstance(kind, inspect.UnionType):
        return {name: value for one in kind.types for name, value in metadata(one).items()}
    return {}


def fields_of(struct: inspect.StructType) -> list[Field]:
    fields = []
    for field in struct.fields:
        if field.encode_name != EXTRA:
            said = metadata(field.type)
            tolerated = bool(said.get("required"))
            limit = typing.cast("int | None", said.get("le"))
            fields.append(Field(field.encode_name, bare(field.type), field.required, tolerated, limit))
    return fields


# ---- tree.py


def tree_type(kind: inspect.Type) -> str:
    kind = bare(kind)
    simple = {
        inspect.StrType: "str",
        inspect.BoolType: "bool",
        inspect.IntType: "int",
        inspect.LiteralType: "str",
    }
    match kind:
        case inspect.StructType():
            return f"{kind.cls.__name__}Tree"
        case inspect.ListType():
            return f"list[{tree_type(kind.item_type)}]"
        case inspect.DictType():
            return f"dict[str, {tree_type(kind.value_type)}]"
        case inspect.AnyType():
            return "object"
    return simple[type(kind)]


def tree_class(name: str, struct: inspect.StructType) -> list[str]:
    members = [
        (field.name, f"Required[{tree_type(field.type)}]" if field.required else tree_type(field.type))
        for field in fields_of(struct)
    ]
    doc = f'"""{(struct.cls.__doc__ or "").splitlines()[0]}"""'
    if any(keyword.iskeyword(member) for member, _ in members):
        pairs = [f'        "{member}": {kind},' for member, kind in members]
        return [
            f"{name}Tree = TypedDict(",
            f'    "{name}Tree",',
            "    {",
            *pairs,
            "    },",
            "    total=False,",
            ")",
            doc,
        ]
    lines = [f"    {member}: {kind}" for member, kind in members]
    return [f"class {name}Tree(TypedDict, total=False):", f"    {doc}", "", *lines]


def tree_module() -> str:
    text = [
        HEAD
        + '"""TypedDicts of the JSON trees of runtime-spec 1.3, for type checkers: import it under TYPE_CHECKING.',
        "",
        "A member that is not `Required` may be missing. A `null`, which the specs read as missing, is not in these",
        'types: `tiffin.spec.runtime.validation.drop_nulls` removes them."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Required, TypedDict",
    ]
    roots = (config.Config, state.ContainerProcessState, features.Features)
    for name, struct in structs_of(roots).items():
        text += ["", "", *tree_class(name, struct)]
    return "\n".join(text) + "\n"


# ---- table.py


def literals() -> dict[frozenset[object], str]:
    """The Literal aliases of the struct modules: their values to their names."""
    found = {}
    for module in MODULES:
        for name, value in vars(module).items():
            if typing.get_origin(value) is typing.Literal:
                found[frozenset(typing.get_args(value))] = name
    return found


def constant(name: str) -> str:
    """RlimitType to RLIMIT_TYPE, IOPriorityClass to IO_PRIORITY_CLASS."""
    letters = ""
    for index, letter in enumerate(name):
        after_lower = index > 0 and not name[index - 1].isupper()
        before_lower = index + 1 < len(name) and name[index + 1].islower()
        letters += (
            "_" if index and letter.isupper() and (after_lower or before_lower) else ""
        ) + letter.upper()
    return letters


def table_kind(kind: inspect.Type, limit: int | None, names: dict[frozenset[object], str]) -> str:
    kind = bare(kind)
    match kind:
        case inspect.StructType():
            return f'(OBJECT, "{kind.cls.__name__}")'
        case inspect.ListType():
            return f"(LIST, {table_kind(kind.item_type, limit, names)})"
        case inspect.DictType():
            return f"(MAP, {table_kind(kind.value_type, limit, names)})"
        case inspect.LiteralType():
            return constant(names[frozenset(kind.values)])
        case inspect.IntType():
            upper = kind.le if kind.le is not None else limit
            return INTEGERS[typing.cast("int", kind.ge), typing.cast("int", upper)]
    return {inspect.StrType: "STRING", inspect.BoolType: "BOOLEAN", inspect.AnyType: "ANY"}[type(kind)]


def enumeration(name: str, values: tuple[object, ...]) -> list[str]:
    one_line = f"{constant(name)} = (ENUMERATION, ({', '.join(quoted(value) for value in values)}))"
    if len(one_line) <= 110:
        return [one_line]
    return [
        f"{constant(name)} = (",
        "    ENUMERATION,",
        "    (",
        *(f"        {quoted(value)}," for value in values),
        "    ),",
        ")",
    ]


def quoted(value: object) -> str:
    return f'"{value}"'


def names_tuple(values: list[str]) -> str:
    return "(" + ", ".join(quoted(value) for value in values) + ("," if len(values) == 1 else "") + ")"


def table_module() -> str:
    names = literals()
    structs = structs_of((config.Config,))
    used = {table_kind(field.type, field.limit, names) for s in structs.values() for field in fields_of(s)}
    text = [
        HEAD
        + '"""The shape of config.json: for each kind of object its members, those required, and the section.',
        "",
        "A kind is (what, of what): a scalar, an enumeration, an object by name, or a list or map of a kind.",
        "An object is (members, required, required by the spec but tolerated when missing, section of the spec).",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "TYPE_CHECKING = False",
        "if TYPE_CHECKING:",
        "    from typing import Any",
        "",
        "    Kind = tuple[int, Any]",
        "",
        "STRING_CODE, BOOLEAN_CODE, INTEGER, ENUMERATION, OBJECT, LIST, MAP, ANYTHING = range(8)",
        "",
        "STRING: Kind = (STRING_CODE, None)",
        "BOOLEAN: Kind = (BOOLEAN_CODE, None)",
        "ANY: Kind = (ANYTHING, None)",
    ]
    text += [
        f'{name}: Kind = (INTEGER, ({low}, {high}, "{name.lower()}"))'
        for (low, high), name in INTEGERS.items()
    ]
    for name in names.values():
        if any(constant(name) in one for one in used):
            alias = next(vars(module)[name] for module in MODULES if name in vars(module))
            text += enumeration(name, typing.get_args(alias))
    text += ["", "OBJECTS: dict[str, tuple[dict[str, Kind], tuple[str, ...], tuple[str, ...], str]] = {"]
    for name, struct in structs.items():
        fields = fields_of(struct)
        text += [f'    "{name}": (', "        {"]
        text += [f'            "{f.name}": {table_kind(f.type, f.limit, names)},' for f in fields]
        text += ["        },"]
        text += [f"        {names_tuple([f.name for f in fields if f.required])},"]
        text += [f"        {names_tuple([f.name for f in fields if f.tolerated and not f.required])},"]
        text += [f"        {quoted(vars(struct.cls)['SECTION'])},", "    ),"]
    return "\n".join([*text, "}"]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if out of date")
    check = parser.parse_args().check
    outdated = 0
    for path, text in (
        (PACKAGE / "tree.py", tree_module()),
        (PACKAGE / "validation" / "table.py", table_module()),
    ):
        if path.is_file() and path.read_text() == text:
            continue
        if check:
            print(f"{path} is out of date: run tools/generate_spec_tables.py", file=sys.stderr)
            outdated = 1
        else:
            path.write_text(text)
            print(f"wrote {path}")
    return outdated


if __name__ == "__main__":
    sys.exit(main())
