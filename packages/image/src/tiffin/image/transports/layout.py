"""An OCI image layout, in a folder or in an archive: image-spec `image-layout.md`."""

from __future__ import annotations

from tiffin.image.digest import digest_of, split_digest
from tiffin.image.documents import INDEXES, MANIFESTS, config_of, index_of, manifest_of, tree_of
from tiffin.image.errors import DigestMismatch, InvalidImage, InvalidReference, NotFound
from tiffin.image.image import Image, Layer
from tiffin.image.platforms import rank
from tiffin.image.transports.folder import opener, read_document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiffin.image.documents import Descriptor, Platform
    from tiffin.image.transports.folder import Files

# the tag; and what Docker and containerd write the whole name into
REF_NAME = "org.opencontainers.image.ref.name"
FULL_NAME = "io.containerd.image.name"
DEEPEST_INDEX = 8
MOST_READ = 1000


def read_layout(files: Files, tag: str, platform: Platform, name: str) -> Image:
    """Finds an image in a layout.

    Args:
        files: where the layout is.
        tag: its tag or whole name, `@DIGEST`, or "" if there is but one.
        platform: what it must run on.
        name: what a person called it.

    Raises:
        NotFound, InvalidReference, InvalidImage: as `open_image`.
    """
    version = tree_of(read_document(files, "oci-layout"), "oci-layout").get("imageLayoutVersion")
    if version != "1.0.0":
        raise InvalidImage(f"{files.name!r} is an image layout of version {version!r}; 1.0.0 can be read")
    entries = tagged_entries(index_of(read_document(files, "index.json"), "index.json"), tag, name)
    descriptor = _for_platform(files, entries, platform, name, DEEPEST_INDEX)
    manifest = manifest_of(
        read_blob(files, descriptor), f"manifest {descriptor.digest}", descriptor.media_type
    )
    config = config_of(
        read_blob(files, manifest.config), manifest.config.digest, f"config {manifest.config.digest}"
    )
    if len(config.diff_ids) != len(manifest.layers):
        raise InvalidImage(
            f"{name!r}: the manifest has {len(manifest.layers)} layers, the config {len(config.diff_ids)}"
        )
    layers = (
        Layer(diff_id, layer.digest, layer.size, opener(files, blob_path(layer.digest)))
        for diff_id, layer in zip(config.diff_ids, manifest.layers, strict=True)
    )
    return Image(name, config, tuple(layers))


def read_blob(files: Files, descriptor: Descriptor) -> bytes:
    """A small blob, verified. Raises DigestMismatch, NotFound."""
    data = read_document(files, blob_path(descriptor.digest))
    algorithm = split_digest(descriptor.digest)[0]
    if len(data) != descriptor.size or digest_of(data, algorithm) != descriptor.digest:
        raise DigestMismatch(
            f"blob {descriptor.digest} in {files.name!r} is damaged or forged: it has {len(data)} bytes of "
            f"{descriptor.size}, and the digest {digest_of(data, algorithm)}"
        )
    return data


def blob_path(digest: str) -> str:
    algorithm, encoded = split_digest(digest)
    return f"blobs/{algorithm}/{encoded}"


def _names(descriptor: Descriptor) -> Iterable[str]:
    full = descriptor.annotations.get(FULL_NAME, "")
    short = full.removeprefix("docker.io/").removeprefix("library/")
    return filter(None, (descriptor.annotations.get(REF_NAME, ""), full, short))


def tagged_entries(entries: tuple[Descriptor, ...], tag: str, name: str) -> tuple[Descriptor, ...]:
    """The entries of index.json that a tag, a whole name or a digest means."""
    if tag.startswith("@"):
        found = tuple(entry for entry in entries if entry.digest == tag[1:])
    elif tag:
        found = tuple(entry for entry in entries if tag in _names(entry))
    else:
        found = entries
    known = sorted({next(iter(_names(entry)), entry.digest) for entry in found or entries})
    if not found:
        raise NotFound(f"{name!r}: there is no such image; there are: {', '.join(known) or 'none'}")
    if not tag and len({next(iter(_names(entry)), "") for entry in found}) > 1:
        raise InvalidReference(f"{name!r} holds several images, add one of these: {', '.join(known)}")
    return found


def _for_platform(
    files: Files, entries: tuple[Descriptor, ...], platform: Platform, name: str, depth: int
) -> Descriptor:
    """The manifest that fits best, looked for in nested indexes too."""
    candidates = _candidates(files, entries, depth, set())
    ranked = [(rank(found, platform), entry) for found, entry in candidates]
    fitting = [(order, number) for number, (order, _) in enumerate(ranked) if order is not None]
    if fitting:
        return ranked[min(fitting)[1]][1]
    there = ", ".join(f"{found.os}/{found.architecture}" for found, _ in candidates)
    raise NotFound(
        f"{name!r} is not for {platform.os}/{platform.architecture}; it is for: {there or 'nothing'}"
    )


def _candidates(
    files: Files, entries: tuple[Descriptor, ...], depth: int, seen: set[str]
) -> list[tuple[Platform, Descriptor]]:
    """Every manifest with the platform that its descriptor, or else its config, says; what is read is read once."""
    if depth == 0:
        raise InvalidImage(f"{files.name!r} has indexes nested deeper than {DEEPEST_INDEX}")
    found = []
    for entry in entries:
        if entry.platform is not None and entry.platform.architecture and entry.media_type in MANIFESTS:
            found.append((entry.platform, entry))
        elif entry.digest not in seen:
            seen.add(entry.digest)
            if len(seen) > MOST_READ:
                raise InvalidImage(
                    f"{files.name!r} has more than {MOST_READ} indexes, and manifests without platform"
                )
            found += _read_candidates(files, entry, depth, seen)
    return found


def _read_candidates(
    files: Files, entry: Descriptor, depth: int, seen: set[str]
) -> list[tuple[Platform, Descriptor]]:
    """Those that an index has; a manifest with what its config says."""
    what = f"blob {entry.digest}"
    if entry.media_type in INDEXES:
        return _candidates(files, index_of(read_blob(files, entry), what, entry.media_type), depth - 1, seen)
    if entry.media_type not in MANIFESTS:
        return []
    config = manifest_of(read_blob(files, entry), what, entry.media_type).config
    return [(config_of(read_blob(files, config), config.digest, what).platform, entry)]
