"""The structural half of validation: types, required members, ranges and enumerations, from the generated table.

What has the wrong type is left out of the tree that it returns, so that the rules, which come after it, can rely
on types. An explicit `null` counts as missing (Go, in which the specs' tools are written, reads it so).
"""

from __future__ import annotations

from tiffin.spec.runtime.validation.problem import ERROR, WARNING, Problem
from tiffin.spec.runtime.validation.table import OBJECT, OBJECTS, STRING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.spec.runtime.validation.table import Kind

_NAMES = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number with a fraction or exponent",
    type(None): "null",
}


def check_object(tree: Any, name: str, path: str, problems: list[Problem]) -> Any:
    """Checks a tree against the object `name` of the table, and adds what is wrong to `problems`.

    Returns the tree itself if all types are right, otherwise a copy without the members of a wrong type; None if it
    is no object.
    """
    members, required, expected, section = OBJECTS[name]
    if type(tree) is not dict:
        return _refuse(tree, "an object", path, section, problems)
    prefix = path + "." if path else ""
    changed: dict[str, Any] = {}
    for key, value in tree.items():
        kind = members.get(key)
        if kind is None:
            _check_case(key, members, prefix, section, problems)
        elif value is not None and not (kind is STRING and type(value) is str and "\0" not in value):
            checked = _check(value, kind, prefix + key, section, problems)
            if checked is not value:
                changed[key] = checked
    for keys, severity in ((required, ERROR), (expected, WARNING)):
        missing = [key for key in keys if tree.get(key) is None]
        problems += [Problem(prefix + key, "is required", "required", section, severity) for key in missing]
    return {**tree, **changed} if changed else tree


def _check(value: Any, kind: Kind, path: str, section: str, problems: list[Problem]) -> Any:
    """Returns the value if it is as `kind` says; else what is left of it, which may be None."""
    code, detail = kind
    return _CHECKS[code](value, detail, path, section, problems)


def _check_member(value: Any, name: str, path: str, _section: str, problems: list[Problem]) -> Any:
    return check_object(value, name, path, problems)


def _check_string(value: Any, _detail: None, path: str, section: str, problems: list[Problem]) -> Any:
    if type(value) is not str:
        return _refuse(value, "a string", path, section, problems)
    if "\0" in value and not path.startswith("annotations["):
        problems.append(
            Problem(path, "contains a NUL character, which the kernel cannot take", "nul", section)
        )
        return None
    return value


def _check_boolean(value: Any, _detail: None, path: str, section: str, problems: list[Problem]) -> Any:
    return value if type(value) is bool else _refuse(value, "a boolean", path, section, problems)


def _check_integer(value: Any, detail: Any, path: str, section: str, problems: list[Problem]) -> Any:
    if type(value) is not int:
        return _refuse(value, "an integer", path, section, problems)
    low, high, name = detail
    if low <= value <= high:
        return value
    text = f"must be a number from {low} to {high} ({name}), but is {value}"
    problems.append(Problem(path, text, "range", section))
    return None


def _check_enumeration(value: Any, allowed: Any, path: str, section: str, problems: list[Problem]) -> Any:
    if type(value) is not str:
        return _refuse(value, "a string", path, section, problems)
    if value in allowed:
        return value
    text = f"{value!r} is none of {', '.join(one for one in allowed if one)}"
    problems.append(Problem(path, text, "enumeration", section))
    return None


def _check_list(value: Any, kind: Kind, path: str, section: str, problems: list[Problem]) -> Any:
    if type(value) is not list:
        return _refuse(value, "an array", path, section, problems)
    if kind is STRING and value:
        types = set(map(type, value))
        if len(types) == 1 and str in types and "\0" not in "".join(value):
            return value
    checked = [_check(item, kind, f"{path}[{index}]", section, problems) for index, item in enumerate(value)]
    same = True
    for index, item in enumerate(checked):
        if item is None and kind[0] != OBJECT:
            return value[:index]  # what comes before is right, and keeps its indices
        if item is None:
            checked[index] = {}  # so that the indices of the others stay right
        same = same and checked[index] is value[index]
    return value if same else checked


def _check_map(value: Any, kind: Kind, path: str, section: str, problems: list[Problem]) -> Any:
    if type(value) is not dict:
        return _refuse(value, "an object", path, section, problems)
    changed: dict[str, Any] = {}
    for key, item in value.items():
        if item is None:
            changed[key] = None
            continue
        checked = _check(item, kind, f'{path}["{key}"]', section, problems)
        if checked is not item:
            changed[key] = checked
    if not changed:
        return value
    return {key: item for key, item in {**value, **changed}.items() if item is not None}


def _refuse(value: Any, wanted: str, path: str, section: str, problems: list[Problem]) -> None:
    found = _NAMES.get(type(value), type(value).__name__)
    problems.append(Problem(path, f"must be {wanted}, but is {found}", "type", section))


def _check_case(
    key: Any, members: dict[str, Kind], prefix: str, section: str, problems: list[Problem]
) -> None:
    """Go takes `OCIVersion` for `ociVersion`; we take it for an unknown member, and say so."""
    if type(key) is not str:
        problems.append(Problem(f"{prefix}{key}", "a member's name must be a string", "type", section))
        return
    lower = key.lower()
    for name in members:
        if name.lower() == lower:
            text = f"is not known; {name!r} is, and case matters"
            problems.append(Problem(prefix + key, text, "name.case", section, WARNING))


_CHECKS = (
    # in the order of the codes of the table
    _check_string,
    _check_boolean,
    _check_integer,
    _check_enumeration,
    _check_member,
    _check_list,
    _check_map,
    lambda value, *_rest: value,
)
