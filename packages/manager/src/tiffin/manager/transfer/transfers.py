"""`Transfer`: the pairs of places between which images are transferred. Blocking: for threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.types.transfer.imagestore_pb2 import ImageStore
from tiffin.api.containerd.types.transfer.importexport_pb2 import ImageExportStream, ImageImportStream
from tiffin.api.containerd.types.transfer.registry_pb2 import OCIRegistry
from tiffin.image.errors import NotFound
from tiffin.image.pull.pull import PullOptions, pull
from tiffin.image.transfer.copy import copy_image
from tiffin.image.transfer.options import CopyOptions
from tiffin.image.transports.store_destination import StoreDestination
from tiffin.image.transports.store_source import StoreSource
from tiffin.manager.transfer.archives import received, send
from tiffin.manager.transfer.naming import names_in_store
from tiffin.manager.transfer.places import platform_of
from tiffin.manager.transfer.registries import NamedRegistry
from tiffin.runtime.errors import Unsupported

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from tiffin.image.documents import Platform
    from tiffin.image.registry.credentials import Credentials
    from tiffin.image.transfer.protocol import ImageSource
    from tiffin.manager.streaming.stream import Stream
    from tiffin.manager.transfer.names import Names
    from tiffin.manager.transfer.progress import Progress


class Transfer:
    """One transfer.

    Args:
        names: of the store, in the client's name.
        progress: tells the client how far it is.
        credentials: those that the client gives for its registry; None for none.
        stream: of the archive, if there is one.
    """

    def __init__(
        self, names: Names, progress: Progress, credentials: Credentials | None, stream: Stream | None
    ) -> None:
        self._names = names
        self._store = names.store
        self._progress = progress
        self._credentials = credentials
        self._stream = stream

    def run(self, source: Message, destination: Message) -> None:
        """All of it. Raises Unsupported: there is no such pair; ImageFailure, OSError."""
        if isinstance(source, OCIRegistry) and isinstance(destination, ImageStore):
            registry = NamedRegistry(source, self._credentials)
            self._progress.say(f"pulling from {registry.name}")
            self._fetch(registry.source(), destination, destination.name or registry.name)
        elif isinstance(source, ImageStore) and isinstance(destination, OCIRegistry):
            self._push(source, NamedRegistry(destination, self._credentials))
        elif isinstance(source, ImageImportStream) and isinstance(destination, ImageStore):
            self._import(destination)
        elif isinstance(source, ImageStore) and isinstance(destination, ImageExportStream):
            self._export(source, destination)
        elif isinstance(source, ImageStore) and isinstance(destination, ImageStore):
            self._tag(source, destination)
        else:
            kinds = (type(source).DESCRIPTOR.full_name, type(destination).DESCRIPTOR.full_name)
            raise Unsupported(f"a transfer from {kinds[0]} to {kinds[1]}")

    def _fetch(self, source: ImageSource, place: ImageStore, name: str) -> None:
        """Into the store: one platform, or all of them; unpacked where the client wants it."""
        platform = platform_of(place.platforms)
        with self._names.told(name, place.labels):
            if platform is not None or place.manifest_limit == 1:
                options = PullOptions(platform, bool(place.unpacks))
                pull(source, self._store, name, options, self._progress)
                return
            with self._store.leased() as leased:
                copy_image(source, StoreDestination(leased, name), CopyOptions(all=True), self._progress)
            self._unpack(name, place)

    def _unpack(self, name: str, place: ImageStore) -> None:
        for unpack in place.unpacks:
            self._progress.say("unpacking", name)
            options = PullOptions(_platform(unpack.platform))
            pull(StoreSource(self._store, name), self._store, name, options, self._progress)

    def _push(self, place: ImageStore, registry: NamedRegistry) -> None:
        self._progress.say(f"pushing to {registry.name}")
        platform = platform_of(place.platforms)
        options = CopyOptions(all=platform is None, platform=platform)
        source = StoreSource(self._store, place.name)
        copy_image(source, registry.destination(), options, self._progress)

    def _import(self, place: ImageStore) -> None:
        self._progress.say("importing")
        with received(self._needed_stream()) as images:
            for image in images:
                digest = image.source.resolve().digest
                names = names_in_store(place, image.names, digest, alone=len(images) == 1)
                self._fetch(image.source, place, names[0])
                for name in names[1:]:
                    self._names.add(name, names[0], place.labels)
                self._progress.say("saved", names[0])

    def _export(self, place: ImageStore, destination: ImageExportStream) -> None:
        self._progress.say("exporting")
        names = [name for name in (place.name, *(each.name for each in place.extra_references)) if name]
        platform = platform_of(destination.platforms)
        send(self._needed_stream(), self._store, names, platform, self._progress)

    def _needed_stream(self) -> Stream:
        if self._stream is None:
            raise NotFound("an archive needs a stream")
        return self._stream

    def _tag(self, source: ImageStore, place: ImageStore) -> None:
        """More names for an image, and its layers unpacked."""
        for name in (place.name, *(each.name for each in place.extra_references if not each.is_prefix)):
            if name and name != source.name:
                self._names.add(name, source.name, place.labels)
        self._unpack(place.name, place)


def _platform(message: Message) -> Platform | None:
    return platform_of([message] if message.ByteSize() else [])  # type: ignore[list-item]  # it is a Platform
