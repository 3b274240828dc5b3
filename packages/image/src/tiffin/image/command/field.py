"""`--format` of the verbs that show a tree: JSON, one field, or a text with fields in it, and no template language."""

from __future__ import annotations

import re

from tiffin.image.errors import InvalidArgument
from tiffin.spec.json_tree import encode

_PLACE = re.compile(r"\{\{\s*(?:json\s+)?(\.?[\w.-]*)\s*\}\}")


def formatted(tree: object, form: str) -> str:
    """A tree as `--format` wants it.

    Args:
        form: `json`; a path such as `.LayersData.0.Digest`; or a text with `{{.Path}}` in it.

    Raises:
        InvalidArgument: there is no such field, or it is a template of Go's that does more.
    """
    if form == "json":
        return encode(tree, indent=4)
    if "{{" not in form:
        return _text(field(tree, form))
    text = _PLACE.sub(lambda match: _text(field(tree, match[1])), form)
    if "{{" in _PLACE.sub("", form):
        raise InvalidArgument(f"--format {form!r}: only fields such as {{{{.Name}}}} are replaced")
    return text


def field(tree: object, path: str) -> object:
    """A member of a member of ...; numbers count the items of lists from 0. Raises InvalidArgument."""
    at, rest = tree, path.strip(".")
    while rest:
        name = _member(at, rest)
        if isinstance(at, dict) and name in at:
            at = at[name]
        elif isinstance(at, list) and name.isdecimal() and int(name) < len(at):
            at = at[int(name)]
        else:
            known = (
                ", ".join(at) if isinstance(at, dict) else "numbers" if isinstance(at, list) else "nothing"
            )
            raise InvalidArgument(f"--format {path!r}: there is no {name!r}; there is: {known}")
        rest = rest[len(name) + 1 :]
    return at


def _member(tree: object, path: str) -> str:
    """What of a path is the next name: the longest one that is there, since labels have dots in their names."""
    parts = path.split(".")
    names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((name for name in names if isinstance(tree, dict) and name in tree), parts[0])


def _text(value: object) -> str:
    return value if isinstance(value, str) else encode(value)
