"""`Bases`: the images that stages start from, and that files come from: of the store, of a registry, of any place."""

from __future__ import annotations

import secrets
import threading
from contextlib import ExitStack, suppress

from tiffin.image.building.stages.steps import BaseImage
from tiffin.image.documents import Descriptor, config_of, manifest_of
from tiffin.image.errors import InvalidArgument, NotFound
from tiffin.image.metadata.protocol import Resource
from tiffin.image.platforms import rank
from tiffin.image.store.names import ON_DISK
from tiffin.image.transfer.choice import choose
from tiffin.image.transports.names import full_name
from tiffin.image.transports.store_source import StoreSource
from tiffin.spec.media_type import to_oci

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tiffin.image.documents import Platform
    from tiffin.image.store.store import Store
    from tiffin.image.transports.access import Access

ALWAYS, MISSING, NEVER = POLICIES = ("always", "missing", "never")


class Bases:
    """Finds images, once each.

    Args:
        store: leased. contexts: images by the names that the Dockerfile may use for them; values name places.
        policy: when a registry is asked: `always`, `missing` (from the store) or `never`.
        access: how registries are reached. tell: hears of what is pulled.
    """

    def __init__(
        self,
        store: Store,
        contexts: Mapping[str, str],
        policy: str,
        access: Access | None,
        tell: Callable[[str], None],
    ) -> None:
        if policy not in POLICIES:
            raise InvalidArgument(f"--pull: expected one of {', '.join(POLICIES)}, not {policy!r}")
        self._store = store
        self._contexts = contexts
        self._policy = policy
        self._access = access
        self._tell = tell
        self._lock = threading.Lock()
        self._found: dict[tuple[str, Platform], BaseImage] = {}

    def resolve(self, name: str, platform: Platform) -> BaseImage:
        """An image, by a name of `contexts` or a reference.

        Raises:
            NotFound: there is no such image, or not for the platform. And what pulling raises.
        """
        with self._lock:
            found = self._found.get((name, platform))
            if found is None:
                place = self._contexts.get(name)
                found = (
                    self._from_registry(name, platform)
                    if place is None
                    else self._from_place(name, place, platform)
                )
                self._found[name, platform] = found
            return found

    def _from_place(self, name: str, place: str, platform: Platform) -> BaseImage:
        if place.startswith(("docker-image://", "docker://")):
            return self._from_registry(place.partition("://")[2], platform).replace(name=name)
        # a name of our own: another build may call another image so
        found = self._pull(place, f"build-context/{secrets.token_hex(8)}/{name}", platform, temporary=True)
        return found.replace(name=name)

    def _from_registry(self, name: str, platform: Platform) -> BaseImage:
        full = full_name(name)
        if self._policy != ALWAYS:
            with suppress(NotFound):  # there is none for this platform, or some of it was collected
                return self._stored(full, platform)
        if self._policy == NEVER:
            raise NotFound(
                f"there is no image {full!r} for this platform in the store, and nothing is pulled"
            )
        self._tell(f"pulling {full}")
        return self._pull(f"docker://{full}", full, platform)

    def _stored(self, full: str, platform: Platform) -> BaseImage:
        """An image of the store. Raises NotFound."""
        stored = self._store.images.get(full)
        if ON_DISK in stored.labels:
            raise NotFound(f"of {full!r} only the files are in the store")
        top, source = stored.target, StoreSource(self._store, full)
        manifest_descriptor = choose(source, top, platform)
        data = source.read_document(manifest_descriptor)
        manifest = manifest_of(data, f"manifest {top.digest}", manifest_descriptor.media_type)
        digest = manifest.config.digest
        config = config_of(source.read_document(manifest.config), digest, f"config {digest}")
        if rank(config.platform, platform) is None:
            raise NotFound(f"{full!r} is not for {platform.os}/{platform.architecture}")
        for layer in manifest.layers:
            self._store.content.info(layer.digest)
        self._store.leases.add(self._store.scope.lease, [Resource("content", manifest_descriptor.digest)])
        return BaseImage(full, digest, config.tree, tuple(map(_as_oci, manifest.layers)))

    def _pull(self, place: str, name: str, platform: Platform, *, temporary: bool = False) -> BaseImage:
        from tiffin.image.pull.pull import PullOptions, pull
        from tiffin.image.transports.opening import open_source

        with ExitStack() as stack:
            source = open_source(place, stack, self._access)
            pull(source, self._store, name, PullOptions(platform=platform))
        try:
            return self._stored(name, platform)
        finally:
            if temporary:  # the lease keeps it as long as we need it
                self._store.images.delete(name)


def _as_oci(descriptor: Descriptor) -> Descriptor:
    """A layer as a manifest of ours has it."""
    return Descriptor(to_oci(descriptor.media_type), descriptor.digest, descriptor.size, {}, None)
