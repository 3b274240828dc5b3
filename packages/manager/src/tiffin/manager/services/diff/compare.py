"""`compare`: what is different between two trees becomes a layer in the content store."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from tiffin.image.documents import Descriptor
from tiffin.image.errors import AlreadyExists, NotFound, Unavailable, Unsupported
from tiffin.image.layers.diff.make import make_layer
from tiffin.image.layers.diff.walk import overlay_changes, tree_changes
from tiffin.manager.services.diff.trees import (
    folders_of,
    in_own_mounts,
    mounted,
    overlay_of,
    place_of,
)
from tiffin.runtime.record import Record
from tiffin.spec.media_type import LAYER, LAYER_GZIP, compression

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tiffin.image.content.local import LocalContentStore
    from tiffin.image.content.writer import LocalContentWriter
    from tiffin.image.layers.diff.change import Change
    from tiffin.image.layers.diff.make import MadeLayer
    from tiffin.image.metadata.namespaces import Scope
    from tiffin.image.snapshots.protocol import Mount
    from tiffin.manager.metadata.stores import Stores

UNCOMPRESSED = "containerd.io/uncompressed"


class Wanted(Record):
    """How the layer is to be.

    Args:
        media_type: "" for gzip. reference: of the ingest; "" makes one up. labels: of the blob.
        epoch: seconds since 1970; later times become this.
    """

    media_type: str
    reference: str
    labels: Mapping[str, str]
    epoch: int | None


def compare(
    stores: Stores, scope: Scope, left: Sequence[Mount], right: Sequence[Mount], wanted: Wanted
) -> Descriptor:
    """Makes a layer of what `right` changes of `left`.

    Where `right` is an overlay on top of `left` only its upper folder is looked at.

    Raises:
        Unsupported: another media type. FailedPrecondition: somebody writes to the tree meanwhile.
        Unavailable: somebody writes to the ingest. OSError: as the disk says.
    """
    kind = _kind(wanted.media_type)
    content = stores.content(scope)
    with _Ingest(content, wanted.reference) as writer:
        made = _made_of_upper(left, right, writer, kind, wanted.epoch)
        if made is None:
            places = place_of(stores.store.root, "left"), place_of(stores.store.root, "right")
            made = in_own_mounts(
                lambda: _make(
                    tree_changes(mounted(left, places[0]), mounted(right, places[1])),
                    writer,
                    kind,
                    wanted.epoch,
                )
            )
        _commit(content, writer, made, wanted.labels)
    return made.descriptor.replace(media_type=wanted.media_type or LAYER_GZIP)


def _kind(media_type: str) -> str:
    """The compression. Raises Unsupported."""
    try:
        return compression(media_type or LAYER_GZIP) or "none"
    except ValueError as error:
        raise Unsupported(f"unsupported diff media type: {error}") from error


def _made_of_upper(
    left: Sequence[Mount], right: Sequence[Mount], writer: LocalContentWriter, kind: str, epoch: int | None
) -> MadeLayer | None:
    """The layer, if the upper folder of an overlay tells all."""
    overlay = overlay_of(right)
    if overlay is None or not overlay.upper or overlay.lowers != folders_of(left):
        return None
    try:
        return _make(overlay_changes(overlay.upper, overlay.lowers), writer, kind, epoch)
    except Unsupported:  # it has files that only the mounted overlay shows whole
        writer.truncate()
        return None


def _make(changes: Iterable[Change], writer: LocalContentWriter, kind: str, epoch: int | None) -> MadeLayer:
    return make_layer(changes, writer, kind, media_type=LAYER, source_date_epoch=epoch)


def _commit(
    content: LocalContentStore, writer: LocalContentWriter, made: MadeLayer, labels: Mapping[str, str]
) -> None:
    descriptor = made.descriptor
    digests = {} if descriptor.digest == made.diff_id else {UNCOMPRESSED: made.diff_id}
    try:
        writer.commit(size=descriptor.size, digest=descriptor.digest, labels={**labels, **digests})
    except AlreadyExists:
        if digests:
            content.update(descriptor.digest, digests)


class _Ingest:
    """An empty ingest; if something fails, and nobody else knows its name, it goes."""

    def __init__(self, content: LocalContentStore, reference: str) -> None:
        self._content = content
        self._named = bool(reference)
        self._reference = reference or f"diff-{secrets.token_hex(8)}"

    def __enter__(self) -> LocalContentWriter:
        self._writer = self._content.writer(self._reference)
        self._writer.truncate()
        return self._writer

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._writer.close()
        if kind is not None and not self._named:
            with suppress(NotFound, Unavailable):
                self._content.abort(self._reference)
