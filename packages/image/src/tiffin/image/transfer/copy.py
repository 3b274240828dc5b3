"""Copying an image, or all images of an index, from any source to any destination."""

from __future__ import annotations

from typing import Any

from tiffin.image.digest import digest_of
from tiffin.image.documents import (
    CONFIGS,
    INDEXES,
    MANIFESTS,
    Descriptor,
    any_manifest_of,
    config_of,
    index_of,
    tree_of,
)
from tiffin.image.errors import FailedPrecondition, InvalidImage, Unsupported
from tiffin.image.transfer.blobs import BlobCopier
from tiffin.image.transfer.choice import DEEPEST_INDEX, choose
from tiffin.image.transfer.convert import converted, refuse_artifact, stays_elsewhere
from tiffin.image.transfer.events import Stage, nobody
from tiffin.image.transfer.options import CopyOptions
from tiffin.image.transfer.request import CopyRequest
from tiffin.spec.json_tree import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Manifest
    from tiffin.image.transfer.events import Report
    from tiffin.image.transfer.protocol import ImageDestination, ImageSource


def copy_image(
    source: ImageSource,
    destination: ImageDestination,
    options: CopyOptions | None = None,
    report: Report = nobody,
) -> Descriptor:
    """Copies what the source names. Documents whose content need not change keep their text, so their digest.

    Args:
        source: where from. destination: where to; what it has already is not sent.
        options: see `CopyOptions`.
        report: takes the events, from several threads.

    Returns:
        the descriptor of the manifest or index as the destination has it.

    Raises:
        NotFound, InvalidImage, DigestMismatch: if the source lacks something, or it is not what it should be.
        Unsupported: if the destination's format cannot have it.
        FailedPrecondition: if a digest would change that must not.
        OSError: if it cannot be written.
    """
    chosen = options or CopyOptions()
    top = source.resolve()
    if not chosen.all:
        top = choose(source, top, chosen.platform)
    return _Copy(CopyRequest(source, destination, chosen, report)).copy(top, DEEPEST_INDEX, tagged=True)


class _Copy:
    """One copy."""

    def __init__(self, request: CopyRequest) -> None:
        self._request = request
        self._source = request.source
        self._destination = request.destination
        self._options = request.options
        self._done: dict[str, Descriptor] = {}

    def copy(self, descriptor: Descriptor, depth: int, *, tagged: bool) -> Descriptor:
        """Copies a manifest or index with all below it; its descriptor at the destination."""
        if depth == 0:
            raise InvalidImage(f"{self._source.name!r} has indexes or referrers nested too deep")
        if not tagged and descriptor.digest in self._done:
            return self._done[descriptor.digest]
        is_index = descriptor.media_type in INDEXES
        if not is_index and descriptor.media_type not in MANIFESTS:
            raise Unsupported(f"{descriptor.digest} is of the type {descriptor.media_type!r}: no image")
        data = self._source.read_document(descriptor)
        new, data = self._index(descriptor, data, depth) if is_index else self._manifest(descriptor, data)
        if self._options.referrers:
            self._referrers(descriptor, new, depth)
        self._destination.write_manifest(new, data, tagged=tagged)
        self._request.tell(Stage.DONE, "index" if is_index else "manifest", new, new.size)
        self._done[descriptor.digest] = new
        return new

    def _index(self, descriptor: Descriptor, data: bytes, depth: int) -> tuple[Descriptor, bytes]:
        what = f"index {descriptor.digest}"
        entries = index_of(data, what, descriptor.media_type)
        tree = tree_of(data, what)
        members = [self.copy(entry, depth - 1, tagged=False) for entry in entries]
        tree["manifests"] = [_updated(old, new) for old, new in zip(tree["manifests"], members, strict=True)]
        return self._finished(descriptor, data, tree)

    def _manifest(self, descriptor: Descriptor, data: bytes) -> tuple[Descriptor, bytes]:
        what = f"manifest {descriptor.digest}"
        manifest = any_manifest_of(data, what, descriptor.media_type)
        tree = tree_of(data, what)
        if self._options.format == "v2s2":
            refuse_artifact(tree)  # before anything is sent
        is_image = manifest.config.media_type in CONFIGS
        diff_ids = self._diff_ids(manifest) if is_image and self._recompresses() else ()
        sent = [
            (layer, diff_ids[number] if diff_ids else "")
            for number, layer in enumerate(manifest.layers)
            if not self._left_out(tree["layers"][number], layer)
        ]
        copier = BlobCopier(self._request)
        new = dict(
            zip(
                (layer.digest for layer, _ in sent),
                copier.copy([("config" if is_image else "blob", manifest.config)], sent),
                strict=True,
            )
        )
        tree["layers"] = [
            _updated(old, new.get(layer.digest, layer))
            for old, layer in zip(tree["layers"], manifest.layers, strict=True)
        ]
        return self._finished(descriptor, data, tree)

    def _recompresses(self) -> bool:
        return bool(self._options.compression or self._options.plain_becomes)

    def _left_out(self, tree: dict[str, Any], layer: Descriptor) -> bool:
        if not stays_elsewhere(tree):
            return False
        self._request.tell(Stage.LEFT_OUT, "layer", layer, 0)
        return True

    def _diff_ids(self, manifest: Manifest) -> tuple[str, ...]:
        data = self._source.read_document(manifest.config)
        config = config_of(data, manifest.config.digest, f"config {manifest.config.digest}")
        if len(config.diff_ids) != len(manifest.layers):
            raise InvalidImage(
                f"{self._source.name!r}: the manifest has {len(manifest.layers)} layers, "
                f"the config {len(config.diff_ids)}"
            )
        return config.diff_ids

    def _finished(
        self, descriptor: Descriptor, data: bytes, tree: dict[str, Any]
    ) -> tuple[Descriptor, bytes]:
        """The document in its format at the destination: the old text, if nothing in it has changed."""
        changed, media_type = converted(tree, descriptor.media_type, self._options.format)
        if media_type == descriptor.media_type and changed == tree_of(data, descriptor.digest):
            return descriptor, data
        if media_type == descriptor.media_type and self._says_nothing_new(changed, data):
            return descriptor, data
        if self._options.preserve:
            raise FailedPrecondition(
                f"{descriptor.digest} would get another digest: its format or a compression changes"
            )
        text = encode(changed).encode()
        return (
            Descriptor(media_type, digest_of(text), len(text), descriptor.annotations, descriptor.platform),
            text,
        )

    def _says_nothing_new(self, changed: dict[str, Any], data: bytes) -> bool:
        """Whether all that was added is a `mediaType` that the reader knew from elsewhere."""
        old = tree_of(data, "manifest")
        return {**old, "mediaType": changed.get("mediaType")} == changed

    def _referrers(self, descriptor: Descriptor, new: Descriptor, depth: int) -> None:
        found = self._source.referrers(descriptor.digest)
        if found and new.digest != descriptor.digest:
            raise FailedPrecondition(
                f"{descriptor.digest} has referrers, which name it by this digest: its format must stay"
            )
        for referrer in found:
            self.copy(referrer, depth - 1, tagged=False)


def _updated(tree: dict[str, Any], new: Descriptor) -> dict[str, Any]:
    """A descriptor's tree, with what has changed."""
    return {**tree, "mediaType": new.media_type, "digest": new.digest, "size": new.size}
