"""`ConfigChanges`: what shall be otherwise in an image's config. Source: image-spec `config.md`, "Properties"."""

from __future__ import annotations

import re
from typing import Any

from tiffin.image.bundles.history import check_time
from tiffin.image.errors import InvalidArgument
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(?:tcp|udp|sctp))?", re.ASCII)
MOST_PORT = 65535
NOTHING: Mapping[str, str] = {}
CLEARED = {
    "config.labels": "Labels",
    "config.exposedports": "ExposedPorts",
    "config.env": "Env",
    "config.entrypoint": "Entrypoint",
    "config.cmd": "Cmd",
    "config.volume": "Volumes",
}
"""What can be emptied, by umoci's names; and the manifest's annotations."""
ANNOTATIONS = "manifest.annotations"


class ConfigChanges(Record):
    """None and empty leave what is there.

    entrypoint, cmd: in place of what is there; () for an empty one. env: NAME=VALUE, in place of those of the same
    names. labels, annotations (of the manifest), exposed_ports (`80/tcp`), volumes: added. created: RFC 3339.
    clear: of `CLEARED` and `ANNOTATIONS`; comes first.
    """

    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    env: tuple[str, ...] = ()
    user: str | None = None
    working_folder: str | None = None
    stop_signal: str | None = None
    labels: Mapping[str, str] = NOTHING
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    author: str | None = None
    created: str | None = None
    architecture: str | None = None
    os: str | None = None
    variant: str | None = None
    annotations: Mapping[str, str] = NOTHING
    clear: tuple[str, ...] = ()


def check(changes: ConfigChanges) -> None:
    """Raises InvalidArgument for what no config can have."""
    for name in changes.clear:
        if name not in CLEARED and name != ANNOTATIONS:
            known = ", ".join([*CLEARED, ANNOTATIONS])
            raise InvalidArgument(f"{name!r} cannot be cleared, but one of {known}")
    for variable in changes.env:
        if not variable.partition("=")[0] or "=" not in variable:
            raise InvalidArgument(f"{variable!r} is no variable: write NAME=VALUE")
    for port in changes.exposed_ports:
        if not _is_port(port):
            raise InvalidArgument(f"{port!r} is no port: write NUMBER, or NUMBER/tcp, /udp or /sctp")
    if changes.created is not None:
        check_time(changes.created)


def _is_port(text: str) -> bool:
    """A number, or a range of them, with or without a protocol."""
    found = PORT.fullmatch(text)
    return found is not None and 0 < int(found[1]) <= int(found[2] or found[1]) <= MOST_PORT


def changed(tree: dict[str, Any], changes: ConfigChanges) -> dict[str, Any]:
    """A config with the changes; members that nobody here knows stay."""
    settings = dict(tree.get("config") or {})
    for name in changes.clear:
        settings.pop(CLEARED.get(name, ""), None)
    replaced = {
        "Entrypoint": None if changes.entrypoint is None else list(changes.entrypoint),
        "Cmd": None if changes.cmd is None else list(changes.cmd),
        "User": changes.user,
        "WorkingDir": changes.working_folder,
        "StopSignal": changes.stop_signal,
    }
    settings.update((name, value) for name, value in replaced.items() if value is not None)
    if changes.env:
        settings["Env"] = _environment([*(settings.get("Env") or ()), *changes.env])
    for name, added in (
        ("Labels", dict(changes.labels)),
        ("ExposedPorts", {port: {} for port in changes.exposed_ports}),
        ("Volumes", {path: {} for path in changes.volumes}),
    ):
        if added:
            settings[name] = {**(settings.get(name) or {}), **added}
    facts = {name: getattr(changes, name) for name in ("author", "created", "architecture", "os", "variant")}
    new = {**tree, **{name: value for name, value in facts.items() if value is not None}}
    if settings or "config" in tree:
        new["config"] = settings
    return new


def _environment(variables: list[str]) -> list[str]:
    """The last of each name, in the place of the first."""
    found: dict[str, str] = {}
    for variable in variables:
        found[variable.partition("=")[0]] = variable
    return list(found.values())


def changed_annotations(tree: dict[str, Any], changes: ConfigChanges) -> dict[str, str]:
    """The annotations of a manifest with the changes."""
    old = {} if ANNOTATIONS in changes.clear else (tree.get("annotations") or {})
    return {**old, **changes.annotations}
