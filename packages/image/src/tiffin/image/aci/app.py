"""`App`: how an app container image is run. Source: appc specification 0.8, `aci.md`, "Image Manifest Schema"."""

from __future__ import annotations

import re

from tiffin.image.aci.fields import IDENTIFIER, NAME, Members
from tiffin.image.errors import InvalidImage
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z_0-9.-]*")
EVENTS = re.compile(r"pre-start|post-stop")
MOST_ID = 2**32 - 2
MOST_PORT = 65535
NO_PLACE = (
    "supplementaryGIDs",
    "eventHandlers",
    "mountPoints",
    "ports",
    "isolators",
    "userAnnotations",
)


class Port(Record):
    """A range of ports: `length` of them from `port` on."""

    name: str
    protocol: str
    port: int
    length: int
    socket_activated: bool


class MountPoint(Record):
    """Where something from outside of the image should be."""

    name: str
    path: str
    read_only: bool


class EventHandler(Record):
    """A command to run before the start, or after the end."""

    name: str
    exec: tuple[str, ...]


class Isolator(Record):
    """A limit, or a right, by the name of its kind."""

    name: str
    value: Any


class App(Record):
    """The members of `app`; an empty text is one that is not there.

    rest: the members that an image config of OCI cannot have, or not with all that they say, as they stand there.
    unknown: the names of those among them that the specification does not have.
    """

    exec: tuple[str, ...]
    user: str
    group: str
    supplementary_gids: tuple[int, ...]
    working_directory: str
    environment: dict[str, str]
    event_handlers: tuple[EventHandler, ...]
    mount_points: tuple[MountPoint, ...]
    ports: tuple[Port, ...]
    isolators: tuple[Isolator, ...]
    user_annotations: dict[str, str]
    user_labels: dict[str, str]
    rest: dict[str, Any]
    unknown: tuple[str, ...]


def app_of(tree: object, what: str) -> App:
    """What `app` says. Raises InvalidImage."""
    members = Members(tree, what)
    directory = members.text("workingDirectory", "")
    if directory and not directory.startswith("/"):
        raise InvalidImage(f"{what}: workingDirectory must be absolute, it is {directory!r}")
    return App(
        members.texts("exec"),
        _account(members, "user"),
        _account(members, "group"),
        members.numbers("supplementaryGIDs", 0, MOST_ID),
        directory,
        members.pairs("environment", VARIABLE),
        _handlers(members),
        tuple(
            MountPoint(item.matching("name", NAME), _path(item), item.flag("readOnly"))
            for item in members.objects("mountPoints")
        ),
        tuple(map(_port, members.objects("ports"))),
        tuple(
            Isolator(item.matching("name", IDENTIFIER), item.value("value"))
            for item in members.objects("isolators")
        ),
        members.mapping("userAnnotations"),
        members.mapping("userLabels"),
        {name: members.value(name) for name in NO_PLACE if members.value(name)} | members.unknown(),
        tuple(members.unknown()),
    )


def _account(members: Members, name: str) -> str:
    """A name, a number, or the path of a file whose owner it is."""
    value = members.text(name)
    if not value or ":" in value:
        raise InvalidImage(f"{members.what}: {name} must be a name, a number or a path, it is {value!r}")
    return members.path(value, name)


def _handlers(members: Members) -> tuple[EventHandler, ...]:
    found = [
        EventHandler(item.matching("name", EVENTS), item.texts("exec"))
        for item in members.objects("eventHandlers")
    ]
    if len({handler.name for handler in found}) != len(found):
        raise InvalidImage(f"{members.what}: eventHandlers has an event twice")
    return tuple(found)


def _path(item: Members) -> str:
    path = item.text("path")
    if not path:
        raise InvalidImage(f"{item.what}: path must not be empty")
    return path if path.startswith("/") else "/" + path


def _port(item: Members) -> Port:
    first = item.number("port", 1, MOST_PORT)
    return Port(
        item.matching("name", NAME),
        item.text("protocol"),
        first,
        item.number("count", 0, MOST_PORT + 1 - first, 1) or 1,
        item.flag("socketActivated"),
    )
