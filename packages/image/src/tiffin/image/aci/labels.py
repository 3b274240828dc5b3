"""What an image config of OCI has no place for: kept in labels `io.appc.*` as JSON, and named for the user.

No runtime reads these labels: what they limit or grant holds only if somebody does it by hand.
"""

from __future__ import annotations

from tiffin.spec.json_tree import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.aci.app import App, Port
    from tiffin.image.aci.manifest import ImageManifest

PREFIX = "io.appc."
ANNOTATION = "org.opencontainers.image."
KEYS = {"created": "created", "authors": "authors", "homepage": "url", "documentation": "documentation"}
PROTOCOLS = ("tcp", "udp", "sctp")


def labels_of(manifest: ImageManifest, image_id: str) -> dict[str, str]:
    """The labels of the config: the user's own, and ours, which win."""
    return {**(manifest.app.user_labels if manifest.app else {}), **_ours(manifest, image_id)}


def known(manifest: ImageManifest) -> dict[str, str]:
    """What OCI has names of annotations for (image-spec `annotations.md`); labels of the config have them too."""
    found = {f"{ANNOTATION}title": manifest.name}
    if "version" in manifest.labels:
        found[f"{ANNOTATION}version"] = manifest.labels["version"]
    pairs = manifest.annotations.items()
    return found | {f"{ANNOTATION}{KEYS[name]}": value for name, value in pairs if name in KEYS}


def _ours(manifest: ImageManifest, image_id: str) -> dict[str, str]:
    found = known(manifest) | {f"{PREFIX}name": manifest.name, f"{PREFIX}imageID": image_id}
    for kind, values in (("label", manifest.labels), ("annotation", manifest.annotations)):
        found |= {f"{PREFIX}{kind}.{name}": value for name, value in values.items()}
    found |= {PREFIX + name: encode(value) for name, value in manifest.unknown.items()}
    if manifest.app:
        found |= {f"{PREFIX}app.{name}": encode(value) for name, value in manifest.app.rest.items()}
    return found


def left_out(manifest: ImageManifest) -> Iterator[str]:
    """What of a manifest has no effect in the image, beside being in its labels; a sentence for each."""
    for name in manifest.unknown:
        yield _only_label(f"{name}, which the specification does not know,", name)
    if "arch" in manifest.labels and "os" not in manifest.labels:
        yield _only_label("the arch of an image without os", "label.arch")
    if manifest.app:
        for name in manifest.app.user_labels.keys() & _ours(manifest, "").keys():
            yield f"the user label {name}: there is another label of that name"
        yield from _of_app(manifest.app)


def _of_app(app: App) -> Iterator[str]:
    for isolator in app.isolators:
        yield _only_label(f"the isolator {isolator.name}", "app.isolators")
    for handler in app.event_handlers:
        yield _only_label(f"the event handler {handler.name}", "app.eventHandlers")
    if app.supplementary_gids:
        yield _only_label("supplementary groups", "app.supplementaryGIDs")
    for mount in app.mount_points:
        if mount.read_only:
            yield _only_label(f"that {mount.path} is to be mounted read-only", "app.mountPoints")
    for port in app.ports:
        if not is_exposed(port):
            yield _only_label(f"the port {port.port} of {port.protocol}", "app.ports")
        if port.socket_activated:
            yield _only_label(f"that the port {port.port} is activated by its socket", "app.ports")
    for name in app.unknown:
        yield _only_label(f"app.{name}, which the specification does not know,", f"app.{name}")


def is_exposed(port: Port) -> bool:
    """Whether `ExposedPorts` can have it."""
    return port.protocol.lower() in PROTOCOLS


def _only_label(what: str, label: str) -> str:
    return f"{what} is only in the label {PREFIX}{label}, which runtimes do not read"
