"""`RUN --mount=...`: the fields that each type has."""

from __future__ import annotations

from tiffin.runtime.record import Record

from .error import Problem, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

COMMON = ("type", "target", "dst", "destination")
READING = ("readonly", "ro", "rw", "readwrite")
SECRET = ("id", "required", "mode", "uid", "gid", *READING)  # which can only be read, whatever is said
FIELDS = {
    "bind": (*COMMON, "source", "src", "from", *READING),
    "cache": (*COMMON, "source", "src", "from", "id", "sharing", "mode", "uid", "gid", *READING),
    "tmpfs": (*COMMON, "size"),
    "secret": (*COMMON, *SECRET, "env", "source", "src"),
    "ssh": (*COMMON, *SECRET),
}
SHORT = {"dst": "target", "destination": "target", "src": "source", "ro": "readonly", "rw": "readwrite"}
DIRECTION = {
    "bind": ("readwrite", "readonly"),
    "cache": ("readonly", "readwrite"),
}  # what is not so by default
SWITCHES = ("readonly", "readwrite", "required")
SWITCH = {"true": "true", "t": "true", "1": "true", "false": "false", "f": "false", "0": "false"}
SHARINGS = ("shared", "private", "locked")


class MountFlag(Record):
    """One mount. fields: by their long names, with the switches as `true` and `false`; values not expanded.

    Where the type has a variable it and the fields are as written, for `checked`.
    """

    type: str
    fields: tuple[tuple[str, str], ...]

    def get(self, name: str, default: str = "") -> str:
        """A field's value."""
        return dict(self.fields).get(name, default)

    def switch(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.get(name) == "true"


def parse_mount(text: str) -> MountFlag:
    """Reads the value of `--mount`. Raises Problem."""
    pairs = tuple(_pair(part) for part in text.split(",") if part)
    kind = dict(pairs).get("type", "bind")
    return MountFlag(kind, pairs) if "$" in kind else checked(kind, pairs)


def checked(kind: str, pairs: Iterable[tuple[str, str]]) -> MountFlag:
    """The mount of a type with these fields. Raises Problem: they are not of it."""
    kind = kind.lower()
    if kind not in FIELDS:
        raise Problem(f"--mount: type {kind!r} is none of {', '.join(FIELDS)}{nearest(kind, FIELDS)}")
    fields = {}
    for name, value in pairs:
        if name not in FIELDS[kind]:
            raise Problem(f"--mount: type={kind} has no field {name!r}{nearest(name, FIELDS[kind])}")
        fields[SHORT.get(name, name)] = value
    _unify(kind, fields)
    _check(kind, fields)
    fields.pop("type", None)
    return MountFlag(kind, tuple(sorted(fields.items())))


def _pair(part: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    name = name.strip().lower()
    if SHORT.get(name, name) not in SWITCHES:
        if not equals:
            raise Problem(f"--mount: {part!r} is no name=value")
        return name, value
    value = value.lower() if equals else "true"
    if value not in SWITCH:
        raise Problem(f"--mount: {name} must be true or false, it is {value!r}")
    return name, SWITCH[value]


def _unify(kind: str, fields: dict[str, str]) -> None:
    """Brings what says the same to one form. Raises Problem."""
    if kind == "secret" and "source" in fields:
        if "id" in fields:
            raise Problem("--mount: type=secret has an id and a source, which are the same")
        fields["id"] = fields.pop("source")
    if kind in DIRECTION:
        name, opposite = DIRECTION[kind]
        if opposite in fields:
            fields[name] = "false" if fields.pop(opposite) == "true" else "true"
    if "$" not in fields.get("sharing", "$"):
        fields["sharing"] = fields["sharing"].lower()


def _check(kind: str, fields: dict[str, str]) -> None:
    if kind == "secret" and not (fields.get("id") or fields.get("target")):
        raise Problem("--mount: type=secret needs an id or a target")
    sharing = fields.get("sharing", "shared")
    if sharing not in SHARINGS and "$" not in sharing:
        raise Problem(
            f"--mount: sharing {sharing!r} is none of {', '.join(SHARINGS)}{nearest(sharing, SHARINGS)}"
        )
    for name in ("mode", "uid", "gid"):
        value = fields.get(name, "0")
        if not (value.isascii() and value.isdigit() and len(value) <= 10) and "$" not in value:
            raise Problem(f"--mount: {name} must be a number, it is {value!r}")
    mode = fields.get("mode", "0")
    if mode.strip("01234567") and "$" not in mode:
        raise Problem(f"--mount: mode must be octal, it is {mode!r}")
