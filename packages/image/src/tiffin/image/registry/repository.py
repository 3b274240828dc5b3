"""`Repository`: what can be done with one repository: manifests, blobs, tags and referrers."""

from __future__ import annotations

from tiffin.image.digest import digest_of, split_digest
from tiffin.image.documents import Descriptor
from tiffin.image.errors import InvalidImage, NotFound
from tiffin.image.registry import manifests, referrers, upload
from tiffin.image.registry.checks import check_reference, check_size, verified
from tiffin.image.registry.connection import Call, Connection
from tiffin.image.registry.download import BlobReader
from tiffin.image.registry.foreign import open_foreign
from tiffin.image.registry.hosts import PULL, PUSH, RESOLVE
from tiffin.image.registry.mounting import mount
from tiffin.image.registry.paging import pages, strings
from tiffin.image.registry.ranges import RangesReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from tiffin.image.registry.client import RegistryClient
    from tiffin.image.registry.opened import OpenAt

    T = TypeVar("T")


class Repository:
    """One repository. Scopes are asked for as narrowly as an operation needs them."""

    def __init__(self, client: RegistryClient, registry: str, path: str) -> None:
        self._client = client
        self.registry = registry
        self.path = path

    @property
    def name(self) -> str:
        """Registry and path."""
        return f"{self.registry}/{self.path}"

    def resolve(self, reference: str) -> tuple[Descriptor, bytes | None]:
        """What a tag or digest is, and the document if it was read for that. Raises NotFound, see `manifests`."""
        check_reference(reference)
        capability = PULL if ":" in reference else RESOLVE
        return self._first(capability, lambda at: manifests.resolve(at, self._call("pull"), reference))

    def read_manifest(self, descriptor: Descriptor) -> bytes:
        """A manifest or index, verified. Raises NotFound, DigestMismatch."""
        check_size(descriptor)

        def read(at: Connection) -> bytes:
            data, _ = manifests.fetch(at, self._call("pull"), descriptor.digest)
            return verified(data, descriptor, at.host.name)

        return self._first(PULL, read)

    def read_blob(self, descriptor: Descriptor) -> bytes:
        """A small blob, such as a config, verified. Raises NotFound, DigestMismatch."""
        check_size(descriptor)

        def read(at: Connection) -> bytes:
            with self._reader(at, descriptor, 0, descriptor.size) as reader:
                parts = list(iter(lambda: reader.read(descriptor.size + 1), b""))
            return verified(b"".join(parts), descriptor, at.host.name)

        return self._first(PULL, read)

    def open_blob(self, descriptor: Descriptor, offset: int = 0, end: int | None = None) -> RangesReader:
        """A blob's bytes from `offset` up to `end`, not verified; survives cuts. Raises NotFound."""
        split_digest(descriptor.digest)
        stop = descriptor.size if end is None else min(end, descriptor.size)

        def read(at: Connection) -> RangesReader:
            return RangesReader(
                lambda first, last: self._reader(at, descriptor, first, last),
                offset,
                stop,
                ranges=at.settings.ranges,
                fast=at.settings.fast,
                clock=at.clock,
            )

        return self._first(PULL, read)

    def open_foreign(self, descriptor: Descriptor, offset: int = 0) -> BlobReader:
        """A foreign layer's bytes from where its descriptor says. Raises NotFound."""
        at = self._client.connections(self.registry)[-1]
        return open_foreign(descriptor, offset, descriptor.size, at.settings, at.clock)

    def has_blob(self, digest: str) -> bool:
        """Whether the registry that is pushed to has a blob."""
        split_digest(digest)
        call = self._call("pull", "push").replace(
            what=f"looking for blob {digest}", method="HEAD", path=f"/{self.path}/blobs/{digest}",
            expected=(200, 404),
        )  # fmt: skip

        def ask(at: Connection) -> bool:
            with at.request(call) as answer:
                return answer.status == 200

        return self._first(PUSH, ask)

    def push_blob(self, descriptor: Descriptor, open_at: OpenAt) -> None:
        """Sends a blob. Raises DigestMismatch, see `Upload`."""
        split_digest(descriptor.digest)
        self._first(PUSH, lambda at: upload.Upload(at, self._call("pull", "push"), descriptor, open_at).run())

    def mount_blob(self, digest: str, path: str) -> bool:
        """Takes a blob over from another repository of the same registry; whether that could be done."""
        split_digest(digest)
        source = self._client.repository(self.registry, path).path
        return self._first(PUSH, lambda at: mount(at, self._call("pull", "push"), digest, source))

    def push_manifest(self, reference: str, data: bytes, media_type: str) -> None:
        """Sends a manifest or index, and makes it known to its subject. Raises FailedPrecondition, DigestMismatch."""
        check_reference(reference)
        digest = digest_of(data) if ":" not in reference else reference
        descriptor = Descriptor(media_type, digest, len(data), {}, None)
        subject, tree = referrers.subject_of(data, f"manifest {reference}")

        def push(at: Connection) -> None:
            call = self._call("pull", "push")
            minded = manifests.put(at, call, reference, data, media_type)
            if subject and not minded:
                referrers.add(at, call, descriptor, tree)

        self._first(PUSH, push)

    def delete(self, reference: str) -> None:
        """Deletes a manifest by its digest, or a tag alone. Raises NotFound, Unsupported (most refuse tags)."""
        check_reference(reference)
        self._first(PUSH, lambda at: self._delete(at, reference))

    def delete_blob(self, digest: str) -> None:
        """Raises NotFound, Unsupported."""
        split_digest(digest)
        call = self._call("delete").replace(
            what=f"deleting blob {digest}",
            method="DELETE",
            path=f"/{self.path}/blobs/{digest}",
            expected=(202,),
        )
        self._first(PUSH, lambda at: at.request(call).close())

    def tags(self, *, page: int = 1000) -> Iterator[str]:
        """All tags, in the registry's order. Raises NotFound."""
        call = self._call("pull").replace(
            what=f"listing the tags of {self.path}", path=f"/{self.path}/tags/list", query=(("n", str(page)),)
        )
        for _, tree in pages(self._client.connections(self.registry)[-1], call):
            yield from strings(tree, "tags", f"the tags of {self.name}")

    def referrers(self, digest: str, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """What refers to a manifest. Raises InvalidImage."""
        split_digest(digest)
        call = self._call("pull")
        return self._first(PULL, lambda at: referrers.referrers(at, call, digest, artifact_type))

    def _delete(self, at: Connection, reference: str) -> None:
        call = self._call("pull", "push", "delete")
        subject = ""
        if ":" in reference:
            try:
                data, _ = manifests.fetch(at, call, reference)
                subject, _ = referrers.subject_of(data, f"manifest {reference}")
            except (NotFound, InvalidImage):
                pass  # deleting it will say so; and what is broken may well be deleted
        manifests.delete(at, call, reference)
        if subject:
            referrers.remove(at, call, subject, reference)

    def _reader(self, at: Connection, descriptor: Descriptor, start: int, end: int) -> BlobReader:
        what, path = f"reading blob {descriptor.digest}", f"/{self.path}/blobs/{descriptor.digest}"
        return BlobReader(at, self._call("pull").replace(what=what, path=path), descriptor, start, end)

    def _call(self, *actions: str) -> Call:
        scope = f"repository:{self.path}:{','.join(actions)}"
        return Call("", "GET", "", repository=self.path, scopes=(scope,))

    def _first(self, capability: str, do: Callable[[Connection], T]) -> T:
        return self._client.first(self.registry, capability, do)
