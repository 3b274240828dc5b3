"""What -v, --mount and --tmpfs say, taken apart; the volumes that an image declares."""

from __future__ import annotations

import os

from tiffin.cli.parse import FALSE, TRUE, UsageError
from tiffin.cli.run.units import size
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.run.config.context import Context
    from tiffin.spec.runtime.tree import MountTree

PROPAGATIONS = frozenset(("private", "rprivate", "shared", "rshared", "slave", "rslave"))
BIND_OPTIONS = PROPAGATIONS | {
    "ro",
    "rw",
    "nosuid",
    "suid",
    "nodev",
    "dev",
    "noexec",
    "exec",
    "bind",
    "rbind",
}
RELABEL = frozenset(("z", "Z"))  # SELinux labels: there is no SELinux where they could matter here
TMPFS_DEFAULTS = ("nosuid", "nodev", "noexec")
OPPOSITES = {"suid": "nosuid", "dev": "nodev", "exec": "noexec", "rw": "ro"}
VOLUME_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


class Volume(Record):
    """A path of the host in the container. managed: a folder of the store; it is made, and filled from the image."""

    source: str
    target: str
    options: tuple[str, ...]
    managed: bool
    copy: bool = True


def bind_of(volume: Volume) -> MountTree:
    """The mount in the config."""
    options = [option for option in volume.options if option != "rw"]
    if not {"bind", "rbind"} & set(options):
        options.insert(0, "rbind")
    if not PROPAGATIONS & set(options):
        options.append("rprivate")
    return {"destination": volume.target, "type": "bind", "source": volume.source, "options": options}


def parse_volume(text: str, context: Context) -> Volume:
    """`SOURCE:TARGET[:OPTIONS]`, or `TARGET` for a new volume that goes with the container.

    Raises:
        UsageError: if it is none of these.
    """
    parts = text.split(":")
    if len(parts) == 1:
        return _anonymous(_target("volume", parts[0]), context)
    if len(parts) > 3 or not parts[0]:
        raise UsageError(f"--volume: {text!r} is no SOURCE:TARGET[:OPTIONS]")
    options = [
        option
        for option in (parts[2].split(",") if len(parts) == 3 else [])
        if option and option not in RELABEL
    ]
    copy = "nocopy" not in options
    options = [option for option in options if option != "nocopy"]
    if unknown := sorted(set(options) - BIND_OPTIONS):
        raise UsageError(f"--volume: {text!r}: unknown option {unknown[0]!r}")
    return _volume("volume", parts[0], _target("volume", parts[1]), tuple(options), context, copy=copy)


def parse_mount(text: str, context: Context) -> Volume | MountTree:
    """`type=bind|volume|tmpfs,source=...,target=...,readonly,...`.

    Raises:
        UsageError: for a type or a key that there is none of, or a key that is missing.
    """
    fields = dict(_field(part) for part in text.split(","))
    kind = fields.pop("type", "volume")
    if kind not in ("bind", "volume", "tmpfs"):
        raise UsageError(f"--mount: {text!r}: type is bind, volume or tmpfs, not {kind!r}")
    target = _target("mount", fields.pop("target", ""))
    options = ["ro"] if _switch(text, fields, "readonly") else []
    if kind == "tmpfs":
        if "tmpfs-size" in fields:
            options.append(f"size={size('mount', fields.pop('tmpfs-size'))}")
        if "tmpfs-mode" in fields:
            options.append(f"mode={fields.pop('tmpfs-mode')}")
        _refuse_rest(text, fields)
        return _tmpfs(target, options)
    if propagation := fields.pop("bind-propagation", ""):
        if propagation not in PROPAGATIONS:
            raise UsageError(f"--mount: {text!r}: there is no propagation {propagation!r}")
        options.append(propagation)
    if _switch(text, fields, "bind-nonrecursive"):
        options.append("bind")
    source = fields.pop("source", "")
    copy = not _switch(text, fields, "volume-nocopy")
    _refuse_rest(text, fields)
    if kind == "volume" and not source:
        return _anonymous(target, context)
    if kind == "bind" and not source.startswith(("/", ".")):
        raise UsageError(f"--mount: {text!r}: source of a bind must be a path")
    return _volume("mount", source, target, tuple(options), context, copy=copy)


def parse_tmpfs(text: str) -> MountTree:
    """`TARGET[:OPTIONS]`. Raises UsageError."""
    target, _, options = text.partition(":")
    return _tmpfs(_target("tmpfs", target), [option for option in options.split(",") if option])


def image_volumes(context: Context) -> list[Volume]:
    """A new volume for each that the image declares; they go with the container."""
    declared = context.image.get("Volumes") or {}
    return [_anonymous(_target("volume", target), context) for target in sorted(declared)]


def _tmpfs(target: str, options: list[str]) -> MountTree:
    """Docker's defaults, unless the opposite is asked for."""
    asked = set(options)
    refused = {no for yes, no in OPPOSITES.items() if yes in asked}
    kept = [option for option in TMPFS_DEFAULTS if option not in asked and option not in refused]
    kept += [option for option in options if option not in OPPOSITES]
    return {"destination": target, "type": "tmpfs", "source": "tmpfs", "options": kept}


def _volume(
    flag: str, source: str, target: str, options: tuple[str, ...], context: Context, *, copy: bool
) -> Volume:
    if source.startswith(("/", "./", "../")) or source in (".", ".."):
        path = os.path.abspath(source)
        if not os.path.exists(path):
            raise UsageError(f"--{flag}: there is nothing at {path!r} that could be mounted; make it first")
        return Volume(path, target, options, False)
    if set(source) - VOLUME_NAME or source[0] in ".-":
        raise UsageError(
            f"--{flag}: {source!r} is neither a path (start it with / or ./) nor a name of a volume"
        )
    return Volume(os.path.join(context.volumes, source), target, options, True, copy)


def _anonymous(target: str, context: Context) -> Volume:
    folder = os.path.join(
        context.directory, "volumes", target.strip("/").replace("%", "%25").replace("/", "%2F")
    )
    return Volume(folder, target, ("rw",), True)


def _target(flag: str, text: str) -> str:
    target = os.path.normpath(text) if text.startswith("/") else ""
    if target in ("", "/", "//"):
        raise UsageError(f"--{flag}: {text!r} is no place to mount at: expected an absolute path below /")
    return target


def _field(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    names = {
        "src": "source",
        "dst": "target",
        "destination": "target",
        "ro": "readonly",
        "volume-name": "source",
    }
    return names.get(name, name), value


def _switch(text: str, fields: dict[str, str], name: str) -> bool:
    """A key that is on or off, alone on. A value that is neither must not be taken for off: `readonly=yes`."""
    value = fields.pop(name, "false")
    if value and value not in TRUE | FALSE:
        raise UsageError(f"--mount: {text!r}: {name} is true or false, not {value!r}")
    return value not in FALSE


def _refuse_rest(text: str, fields: dict[str, str]) -> None:
    if fields:
        raise UsageError(f"--mount: {text!r}: unknown key {min(fields)!r}")
