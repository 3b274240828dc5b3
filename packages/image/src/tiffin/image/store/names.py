"""Names of images whose layers are unpacked: what a name means is in its labels, so that a run needs one look.

The label containerd.io/gc.ref.snapshot.<snapshotter> keeps the snapshot as long as the name is there.
"""

from __future__ import annotations

from tiffin.image.documents import CONFIGS, Descriptor, config_of
from tiffin.image.errors import NotFound
from tiffin.image.snapshots.protocol import Usage
from tiffin.image.store.content_labels import snapshot_label
from tiffin.image.store.unpacked import find_chain
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import ImageConfig
    from tiffin.image.image import Image
    from tiffin.image.metadata.protocol import StoredName
    from tiffin.image.store.store import Store
    from tiffin.image.store.unpacked import UnpackedImage

CONFIG = "dev.tiffin/config"
ON_DISK = "dev.tiffin/on-disk"  # the content is where the name says, and not in the store


PINNED = ("io.cri-containerd.pinned", "pinned")  # containerd's label of images that nothing removes by itself


class NamedImage(Record):
    """A name, and what it means. usage: of all its layers; None if they are not unpacked."""

    name: str
    target: Descriptor
    config_digest: str
    chain_id: str
    usage: Usage | None
    pinned: bool


def likely_name(text: str) -> str:
    """What `transports.names.full_name` says of a name that is one; nothing is checked, which is enough to find it."""
    name = text.removeprefix("docker://")
    first, slash, _ = name.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        name = f"docker.io/{name}" if slash else f"docker.io/library/{name}"
    return name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"


def labels_of_name(store: Store, config_digest: str, chain_id: str = "") -> dict[str, str]:
    """The labels of a name. chain_id: "" if the layers are not unpacked."""
    snapshot = snapshot_label(store.snapshots.name, chain_id) if chain_id else {}
    return {CONFIG: config_digest, **snapshot}


def name_unpacked(store: Store, image: Image, unpacked: UnpackedImage) -> None:
    """Gives an image that stays outside of the store its name; the store must be leased. Raises OSError."""
    config = image.config
    target = Descriptor(CONFIGS[0], config.digest, config.size, {}, config.platform)
    labels = labels_of_name(store, config.digest, unpacked.chain_id) | {ON_DISK: "true"}
    store.images.put(image.name, target, labels=labels)


def find_named(store: Store, name: str) -> tuple[ImageConfig, UnpackedImage] | None:
    """An image of the store that is unpacked, by its name; None if it is not, or some of it is missing."""
    try:
        stored = store.images.get(name)
        digest = stored.labels.get(CONFIG, "")
        if ON_DISK in stored.labels or not digest:
            return None
        with store.content.open(digest) as file:
            config = config_of(file.read(), digest, f"config {digest}")
    except NotFound:
        return None
    unpacked = find_chain(store, _chain_of(store, stored))
    return None if unpacked is None else (config, unpacked)


def list_named(store: Store) -> list[NamedImage]:
    """All names."""
    found = []
    for stored in store.images.list():
        chain = _chain_of(store, stored)
        usage = usage_of(store, chain) if chain else None
        pinned = stored.labels.get(PINNED[0]) == PINNED[1]
        config = stored.labels.get(CONFIG, "")
        found.append(NamedImage(stored.name, stored.target, config, chain, usage, pinned))
    return found


def usage_of(store: Store, chain_id: str) -> Usage | None:
    """What a snapshot and its parents take of the disk; None if there is none."""
    size = inodes = 0
    key = chain_id
    try:
        while key:
            usage, info = store.snapshots.usage(key), store.snapshots.stat(key)
            size, inodes = size + usage.size, inodes + usage.inodes
            key = info.parent if store.snapshots.stacks else ""
    except NotFound:
        return None
    return Usage(size, inodes)


def _chain_of(store: Store, stored: StoredName) -> str:
    return next((stored.labels.get(label, "") for label in snapshot_label(store.snapshots.name, "")), "")
