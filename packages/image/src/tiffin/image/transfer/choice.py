"""Choosing the manifest for a platform out of an index."""

from __future__ import annotations

from tiffin.image.documents import INDEXES, MANIFESTS, config_of, index_of, manifest_of
from tiffin.image.errors import InvalidImage, NotFound
from tiffin.image.platforms import host_platform, rank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.documents import Descriptor, Platform
    from tiffin.image.transfer.protocol import ImageSource

DEEPEST_INDEX = 8
MOST_MANIFESTS = 1000
ATTESTATION = "vnd.docker.reference.type"  # BuildKit's, for the platform unknown/unknown


def choose(source: ImageSource, top: Descriptor, platform: Platform | None = None) -> Descriptor:
    """The manifest in `top` that fits best; `top` itself if it is none to choose from.

    Raises:
        NotFound: if none is for the platform (by default this machine's).
        InvalidImage: for indexes that nest too deep, or have too many members.
    """
    if top.media_type not in INDEXES:
        return top
    wanted = platform or host_platform()
    offered: list[Platform] = []
    best: tuple[int, Descriptor] | None = None
    for found, descriptor in _offered(source, top):
        order = rank(found, wanted)
        if order is not None and (best is None or order < best[0]):
            best = order, descriptor
        offered.append(found)
    if best is None:
        names = sorted({f"{one.os}/{one.architecture}" for one in offered}) or ["nothing"]
        raise NotFound(
            f"{source.name!r} is not for {wanted.os}/{wanted.architecture}; it is for: {', '.join(names)}"
        )
    return best[1]


def _offered(source: ImageSource, top: Descriptor) -> Iterator[tuple[Platform, Descriptor]]:
    for number, descriptor in enumerate(manifests_below(source, top)):
        if number == MOST_MANIFESTS:
            raise InvalidImage(f"{source.name!r} has more than {MOST_MANIFESTS} manifests")
        if ATTESTATION in descriptor.annotations:
            continue
        platform = descriptor.platform
        if platform is None or not platform.architecture:
            what = f"manifest {descriptor.digest}"
            config = manifest_of(source.read_document(descriptor), what, descriptor.media_type).config
            platform = config_of(
                source.read_document(config), config.digest, f"config {config.digest}"
            ).platform
        yield platform, descriptor


def manifests_below(
    source: ImageSource, top: Descriptor, depth: int = DEEPEST_INDEX, seen: set[str] | None = None
) -> Iterator[Descriptor]:
    """All manifests of an index, and of the indexes in it; those of an index that is there twice come once.

    Raises:
        InvalidImage, NotFound: as `choose`.
    """
    if depth == 0:
        raise InvalidImage(f"{source.name!r} has indexes nested deeper than {DEEPEST_INDEX}")
    known = {top.digest} if seen is None else seen
    for entry in index_of(source.read_document(top), f"index {top.digest}", top.media_type):
        if entry.media_type in MANIFESTS:
            yield entry
        elif entry.media_type in INDEXES and entry.digest not in known:
            known.add(entry.digest)
            yield from manifests_below(source, entry, depth - 1, known)


def path_to(
    source: ImageSource, top: Descriptor, manifest: Descriptor, seen: set[str] | None = None
) -> tuple[Descriptor, ...]:
    """The indexes that lead from `top` to a manifest that was chosen from it, the innermost first."""
    known: set[str] = set() if seen is None else seen
    if top.media_type not in INDEXES or top.digest in known:
        return ()
    known.add(top.digest)
    for entry in index_of(source.read_document(top), f"index {top.digest}", top.media_type):
        if entry.digest == manifest.digest:
            return (top,)
        below = path_to(source, entry, manifest, known)
        if below:
            return (*below, top)
    return ()
