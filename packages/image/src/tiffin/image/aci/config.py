"""An app container image's manifest as an image config and annotations of OCI.

Sources: appc specification 0.8, `aci.md`, "Image Manifest Schema", and `ace.md`, "Execution Environment";
image-spec 1.1, `config.md` and `annotations.md`.
"""

from __future__ import annotations

from tiffin.image.aci.labels import is_exposed, known, labels_of
from tiffin.image.errors import InvalidImage, Unsupported
from tiffin.image.layers.names import clean
from tiffin.image.layers.tar.entry import SYMBOLIC_LINK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tiffin.image.aci.app import App
    from tiffin.image.aci.rendering import Rendered
    from tiffin.image.aci.survey import Member, Survey
    from tiffin.image.documents import Platform

# what every executor sets where the image does not
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def config_tree(image: Survey, rendered: Rendered, platform: Platform) -> dict[str, Any]:
    """The config.

    Raises:
        InvalidImage, Unsupported: if the user is to be the owner of a file that is not there, or is a link.
    """
    manifest = image.manifest
    annotations = manifest.annotations
    config = _app(manifest.app, rendered.members) if manifest.app else {}
    config["Labels"] = dict(sorted(labels_of(manifest, image.image_id).items()))
    created = {"created": annotations["created"]} if "created" in annotations else {}
    places = zip(("os", "architecture", "variant"), platform, strict=True)
    return {
        **created,
        **({"author": annotations["authors"]} if "authors" in annotations else {}),
        **{name: value for name, value in places if value},
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [made.diff_id for _, made in rendered.layers]},
        "history": [
            {**created, "created_by": f"appc {source.manifest.name} {source.image_id}"}
            for source, _ in rendered.layers
        ],
    }


def annotations_of(image: Survey) -> dict[str, str]:
    """The annotations of the image's manifest: the user's own, and those that OCI has names for, which win."""
    own = image.manifest.app.user_annotations if image.manifest.app else {}
    return dict(sorted({**own, **known(image.manifest)}.items()))


def _app(app: App, members: Mapping[bytes, Member]) -> dict[str, Any]:
    uid = _owner(app.user, members).uid if app.user.startswith("/") else app.user
    gid = _owner(app.group, members).gid if app.group.startswith("/") else app.group
    found: dict[str, Any] = {
        "User": f"{uid}:{gid}",
        "Env": [f"{name}={value}" for name, value in {"PATH": PATH, **app.environment}.items()],
        "WorkingDir": app.working_directory or "/",
    }
    if app.exec:
        found["Entrypoint"] = list(app.exec)
    if app.mount_points:
        found["Volumes"] = {mount.path: {} for mount in app.mount_points}
    ports: dict[str, Any] = {
        f"{number}/{port.protocol.lower()}": {}
        for port in app.ports
        if is_exposed(port)
        for number in range(port.port, port.port + port.length)
    }
    if ports:
        found["ExposedPorts"] = ports
    return found


def _owner(path: str, members: Mapping[bytes, Member]) -> Member:
    """The file whose owner the user is to be. Raises InvalidImage, Unsupported."""
    member = members.get(clean(path.encode()))
    if member is None:
        raise InvalidImage(f"the user or group is to be that of {path!r}, which is not in the image")
    if member.type == SYMBOLIC_LINK:
        raise Unsupported(f"the user or group is to be that of {path!r}, which is a symbolic link")
    return member
