"""`LayerMaker`: what a step has written becomes a layer in the content store, while the next step goes on."""

from __future__ import annotations

import itertools
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from tiffin.image.building.cache.records import BuiltLayer
from tiffin.image.building.ingests import discard_left, ingest_name
from tiffin.image.errors import AlreadyExists, NotFound, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future
    from typing import Self

    from tiffin.image.content.writer import LocalContentWriter
    from tiffin.image.layers.diff.change import Change
    from tiffin.image.layers.diff.make import MadeLayer
    from tiffin.image.store.store import Store

PARALLEL = 2
NANOSECONDS = 1_000_000_000
UNCOMPRESSED = "containerd.io/uncompressed"


class LayerMaker:
    """Use it in a `with` statement.

    Args:
        store: leased. compression, level: as for `make_layer`.
        source_date_epoch: seconds since 1970; later times become this.
    """

    def __init__(
        self, store: Store, compression: str = "gzip", level: int = 0, source_date_epoch: int | None = None
    ) -> None:
        self._content = store.content
        self._compression = compression
        self._level = level
        self.source_date_epoch = source_date_epoch
        self._begun = False
        self._pool = ThreadPoolExecutor(PARALLEL, "tiffin-layer")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def begin(self, path: str, lowers: Sequence[str], *, stacks: bool) -> Future[BuiltLayer | None]:
        """Makes the layer of what is in a folder; None if nothing in it differs. Nobody may write to it any more."""
        if not self._begun:
            self._begun = True
            discard_left(self._content)
        return self._pool.submit(self._make, path, lowers, stacks)

    def _make(self, path: str, lowers: Sequence[str], stacks: bool) -> BuiltLayer | None:  # noqa: FBT001
        from tiffin.image.layers.diff.make import make_layer

        changes = changes_of(path, lowers, stacks=stacks)
        first = next(changes, None)
        if first is None:
            return None
        name = ingest_name()
        try:
            with self._content.writer(name) as writer:
                made = make_layer(
                    itertools.chain([first], changes),
                    writer,
                    self._compression,
                    level=self._level,
                    source_date_epoch=self.source_date_epoch,
                )
                self._commit(writer, made)
        except BaseException:
            with suppress(NotFound, Unavailable):  # what was written takes room, and is of no use
                self._content.abort(name)
            raise
        return BuiltLayer(made.diff_id, made.descriptor)

    def _commit(self, writer: LocalContentWriter, made: MadeLayer) -> None:
        labels = {UNCOMPRESSED: made.diff_id}
        try:
            writer.commit(size=made.descriptor.size, digest=made.descriptor.digest, labels=labels)
        except AlreadyExists:
            self._content.update(made.descriptor.digest, labels)


def changes_of(path: str, lowers: Sequence[str], *, stacks: bool) -> Iterator[Change]:
    """What a snapshot changes of what is below it."""
    from tiffin.image.layers.diff.walk import overlay_changes, tree_changes

    if stacks:
        return overlay_changes(path, lowers)
    return tree_changes(lowers[0] if lowers else None, path)


def clamp_times(changes: Iterable[Change], folder: str, epoch: int) -> None:
    """No changed file is younger than `epoch`, seconds since 1970: the snapshot is what the layer says."""
    latest = epoch * NANOSECONDS
    for change in list(changes):
        if change.info is None or change.info.mtime <= latest or stat.S_ISSOCK(change.info.mode):
            continue
        path = os.path.join(os.fsencode(folder), change.path)
        os.utime(path, ns=(latest, latest), follow_symlinks=False)
