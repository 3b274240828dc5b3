"""`Model`: the base of every msgspec struct here, and the two directions between a JSON tree and a struct.

A tree is what a JSON decoder makes: dicts, lists, strings, numbers, booleans, None. Round trips lose nothing: a
member that a struct has no field for (an unknown one, or a `null`, which the specs read as absent) is kept in
the struct's `extra`, and written back by `to_tree`.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec

Int = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
# msgspec compares bounds as signed 64-bit numbers; the validator's table has the upper bound 2**64 - 1 from `extra`.
Uint = Annotated[int, msgspec.Meta(ge=0, extra={"le": 2**64 - 1})]
Uint16 = Annotated[int, msgspec.Meta(ge=0, le=2**16 - 1)]
Uint32 = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
Uint64 = Annotated[int, msgspec.Meta(ge=0, extra={"le": 2**64 - 1})]

REQUIRED = msgspec.Meta(extra={"required": True})
"""Marks a field that the spec requires, but that runtimes take as zero or empty when it is missing."""

EXTRA = (
    "\ue000extra"  # the JSON name of `Model.extra`: a private character, so that no document has it by chance
)


class Model(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A JSON object of one of the specs. Field names are the spec's own; None means absent."""

    extra: dict[str, Any] = msgspec.field(default_factory=dict, name=EXTRA)
    """Members that have no field of their own, as they came."""


M = TypeVar("M", bound=Model)


def from_tree(tree: object, kind: type[M]) -> M:
    """Makes a struct of type `kind` from a decoded JSON object.

    Raises msgspec.ValidationError at the first value of a wrong type; use the validation module for all of them.
    """
    try:
        model = msgspec.convert(tree, kind)
    except msgspec.ValidationError:
        model = msgspec.convert(_without_nulls(tree), kind)  # a required member may be null, which is missing
    _keep_extra(model, tree)
    return model


def to_tree(model: Model) -> dict[str, Any]:
    """The JSON object of `model`: fields that are None are left out, `extra` is put back."""
    tree: dict[str, Any] = {}
    for field, name in zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True):
        if name == EXTRA:
            continue
        value = getattr(model, field)
        if value is not None:
            tree[name] = _plain(value)
    for name, value in model.extra.items():
        tree.setdefault(name, value)
    return tree


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return to_tree(value)
    if type(value) is list:
        return [_plain(item) for item in value]
    if type(value) is dict:
        return {key: _plain(item) for key, item in value.items()}
    return value


def _without_nulls(node: Any) -> Any:
    if type(node) is dict:
        return {key: _without_nulls(item) for key, item in node.items() if item is not None}
    if type(node) is list:
        return [_without_nulls(item) for item in node]
    return node


def _keep_extra(model: Any, tree: Any) -> None:
    """Fills `extra` of `model`, and of every model below it, from the tree that it was made from."""
    if isinstance(model, Model):
        names = _field_names(type(model))
        extra = {}
        for name, value in tree.items():
            field = names.get(name)
            if field is None or value is None:
                extra[name] = value
            elif type(value) is dict or type(value) is list:
                _keep_extra(getattr(model, field), value)
        model.extra = extra
    elif type(model) is list:
        if model and isinstance(model[0], (Model, list, dict)):
            for item, subtree in zip(model, tree, strict=True):
                _keep_extra(item, subtree)
    elif type(model) is dict:
        for name, item in model.items():
            if isinstance(item, (Model, list, dict)):
                _keep_extra(item, tree[name])


_names: dict[type[Model], dict[str, str]] = {}


def _field_names(kind: type[Model]) -> dict[str, str]:
    """JSON name to attribute name, for the fields that a document can set."""
    found = _names.get(kind)
    if found is None:
        pairs = zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True)
        found = _names[kind] = {name: field for name, field in pairs if name != EXTRA}
    return found
