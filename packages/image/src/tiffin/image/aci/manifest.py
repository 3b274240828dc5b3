"""`ImageManifest`: what the file `manifest` of an app container image says.

Source: appc specification 0.8, `aci.md`, "Image Manifest Schema", and `types.md`.
"""

from __future__ import annotations

import re

from tiffin.image.aci.app import App, app_of
from tiffin.image.aci.fields import IDENTIFIER, Members
from tiffin.image.documents import tree_of
from tiffin.image.errors import InvalidImage, Unsupported
from tiffin.image.rfc3339 import is_time
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KIND = "ImageManifest"
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)([-+].*)?")
MAJOR = "0"
# rkt's own keys have the first 64 of the 128 digits
IMAGE_ID = re.compile(r"sha512-[0-9a-f]{64,128}")
MOST_SIZE = 2**63 - 1


class Dependency(Record):
    """An image whose files come below. image_id: `sha512-...`, "" for any. size: bytes, 0 if it is not said."""

    image_name: str
    image_id: str
    labels: dict[str, str]
    size: int


class ImageManifest(Record):
    """What an image is. app: None if it cannot be run by itself. path_whitelist: empty for all paths.

    unknown: members that the specification does not have.
    """

    name: str
    labels: dict[str, str]
    app: App | None
    annotations: dict[str, str]
    dependencies: tuple[Dependency, ...]
    path_whitelist: tuple[str, ...]
    unknown: dict[str, Any]


def manifest_of(data: bytes, what: str) -> ImageManifest:
    """Reads a manifest.

    Args:
        data: the file.
        what: where it stands, for errors.

    Raises:
        InvalidImage: if it is none, or breaks the specification.
        Unsupported: for another major version than 0.
    """
    members = Members(tree_of(data, what), what)
    if members.value("acKind") != KIND:
        raise InvalidImage(f"{what}: acKind must be {KIND!r}, it is {members.value('acKind')!r}")
    if members.matching("acVersion", VERSION).partition(".")[0] != MAJOR:
        raise Unsupported(f"{what} is of the version {members.text('acVersion')} of appc; 0.x can be read")
    app = members.value("app")
    return ImageManifest(
        members.matching("name", IDENTIFIER),
        _labels(members),
        None if app is None else app_of(app, f"{what}: app"),
        _annotations(members),
        tuple(map(_dependency, members.objects("dependencies"))),
        tuple(members.path(path, "pathWhitelist") for path in members.texts("pathWhitelist")),
        members.unknown(),
    )


def _labels(members: Members) -> dict[str, str]:
    labels = members.pairs("labels", IDENTIFIER)
    if "name" in labels:
        raise InvalidImage(f"{members.what}: a label must not be called 'name'")
    return labels


def _annotations(members: Members) -> dict[str, str]:
    annotations = members.pairs("annotations", IDENTIFIER)
    created = annotations.get("created")
    if created is not None and not is_time(created):
        raise InvalidImage(f"{members.what}: the annotation created is no date (RFC 3339): {created!r}")
    return annotations


def _dependency(members: Members) -> Dependency:
    identity = "" if members.value("imageID") is None else members.matching("imageID", IMAGE_ID)
    return Dependency(
        members.matching("imageName", IDENTIFIER),
        identity,
        _labels(members),
        members.number("size", 0, MOST_SIZE, 0),
    )
