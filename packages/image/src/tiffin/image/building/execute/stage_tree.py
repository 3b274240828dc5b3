"""`StageTree`: the root file system of a stage while it grows: committed snapshots below, new ones on top.

Each step writes into a new snapshot. On overlays these stay active, each a folder of its own, and are committed
together at the end: the disk is synced once, and the next step begins while the layer of the last one is still being
compressed. Where a snapshot holds the whole tree (native) each one is committed before the next begins.
"""

from __future__ import annotations

import os
import secrets
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

from tiffin.image.building.execute.layer_making import changes_of, clamp_times
from tiffin.image.building.execute.mounting import Tree
from tiffin.image.building.execute.stacking import put_on
from tiffin.image.building.execute.upper_folders import copy_root
from tiffin.image.errors import AlreadyExists, NotFound
from tiffin.image.image import Layer
from tiffin.image.layers.apply import LayerWriter
from tiffin.image.layers.limits import Limits
from tiffin.image.layers.owners import Ownership
from tiffin.image.layers.removal import empty
from tiffin.image.layers.root import Root
from tiffin.image.snapshots.committing import Layered
from tiffin.image.store.unpacked import chain_ids
from tiffin.image.unpack import apply_layer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.building.cache.records import BuiltLayer
    from tiffin.image.building.execute.layer_making import LayerMaker
    from tiffin.image.store.store import Store


class _Grown:
    """A snapshot that a step has written. layer: what becomes of it; its result is None if nothing was changed."""

    def __init__(self, key: str, path: str) -> None:
        self.key = key
        self.path = path
        self.layer: Future[BuiltLayer | None] | None = None


class StageTree:
    """Starts from what has these diff ids, which is there already.

    Args:
        store: leased. maker: makes layers.
    """

    def __init__(self, store: Store, maker: LayerMaker, diff_ids: tuple[str, ...]) -> None:
        self._store = store
        self._snapshots = store.snapshots
        self._maker = maker
        self._diff_ids = list(diff_ids)
        self._grown: list[_Grown] = []

    @property
    def _committed(self) -> str:
        return chain_ids(self._diff_ids)[-1] if self._diff_ids else ""

    def lowers(self) -> tuple[str, ...]:
        """The folders of what is there, the nearest first; none for an empty tree."""
        committed = self._snapshots.trees(self._committed) if self._diff_ids else ()
        return (*(one.path for one in reversed(self._grown)), *committed)

    def begin(self, *, alone: bool = False) -> Tree:
        """A new snapshot on top, to be written to. Follow it by `end` or `abandon`.

        Args:
            alone: what is below is not seen, and its layer fits on top of anything. Only for overlays.
        """
        if not self._snapshots.stacks:
            self._commit_copied()
        lowers = self.lowers()
        key = f"build-{secrets.token_hex(8)}"
        (bound,) = self._snapshots.prepare(key, "" if self._snapshots.stacks else self._committed)
        self._grown.append(_Grown(key, bound.source))
        if not self._snapshots.stacks:
            return Tree((), bound.source)
        if lowers:
            copy_root(lowers[0], bound.source)
        if alone:
            return Tree((), bound.source)
        return Tree(lowers, bound.source, os.path.join(os.path.dirname(bound.source), "work"))

    def end(self, *, alone: bool = False) -> Future[BuiltLayer | None]:
        """What was written since `begin` is a layer or nothing; another thread makes it. alone: as for `begin`."""
        grown = self._grown.pop()
        lowers = () if alone else self.lowers()
        self._grown.append(grown)
        stacks = self._snapshots.stacks
        if self._maker.source_date_epoch is not None:
            clamp_times(
                changes_of(grown.path, lowers, stacks=stacks), grown.path, self._maker.source_date_epoch
            )
        grown.layer = self._maker.begin(grown.path, lowers, stacks=stacks)
        return grown.layer

    def put(self, layer: BuiltLayer) -> Future[BuiltLayer | None]:
        """A layer that is there already, on top of what was written. Only for overlays."""
        tree = self.begin(alone=True)
        grown = self._grown[-1]
        digest, size = layer.descriptor.digest, layer.descriptor.size
        opened = Layer(layer.diff_id, digest, size, partial(self._store.content.open, digest))
        with Root(tree.upper) as root:
            writer = LayerWriter(root, Ownership.possible())
            apply_layer(opened, writer, f"layer {digest}", Limits())
            writer.finish()
        grown.layer = Future()
        grown.layer.set_result(layer)
        return grown.layer

    @contextmanager
    def scratch(self) -> Iterator[str]:
        """An empty folder for a while: a snapshot of its own, as these are collected if we are killed."""
        key = f"build-{secrets.token_hex(8)}"
        (bound,) = self._snapshots.prepare(key)
        try:
            yield bound.source
        finally:
            self._discard(_Grown(key, bound.source))

    def abandon(self) -> None:
        """Throws away what was written since `begin`."""
        self._discard(self._grown.pop())

    def _discard_all(self, grown_ones: list[_Grown]) -> None:
        """As many as can be; raises what the last one has raised that could not."""
        with ExitStack() as stack:
            for grown in grown_ones:
                stack.callback(self._discard, grown)

    def _discard(self, grown: _Grown) -> None:
        """Its files go first: on a full disk the database could not be written before."""
        try:
            self._snapshots.stat(grown.key)
            empty(grown.path)
            self._snapshots.remove(grown.key)
        except (NotFound, FileNotFoundError):  # it is committed, or was collected
            return

    def commit(self) -> None:
        """Commits the steps that have ended, once their layers are made, up to the first one whose layer failed."""
        if self._snapshots.stacks:
            self._commit_stacked()
        else:
            self._commit_copied()

    def _commit_stacked(self) -> None:
        parent, stack, made = self._committed, [], self._made()
        for grown in made:
            layer = None if grown.layer is None else grown.layer.result()
            if layer is not None:
                self._diff_ids.append(layer.diff_id)
                stack.append(Layered(grown.key, self._committed, {}))
        try:
            put_on(self._snapshots, parent, stack)
        finally:  # what changed nothing, what another build had made as well, and what could not be written
            self._discard_all(made)

    def _made(self) -> list[_Grown]:
        """Takes the steps whose layers are made off the list, up to the first one of which that failed."""
        count = 0
        while count < len(self._grown):
            layer = self._grown[count].layer
            if layer is not None and layer.exception() is not None:
                break
            count += 1
        made, self._grown = self._grown[:count], self._grown[count:]
        return made

    def _commit_copied(self) -> None:
        made = self._made()
        try:
            for grown in made:
                layer = None if grown.layer is None else grown.layer.result()
                if layer is not None:
                    self._diff_ids.append(layer.diff_id)
                    with suppress(AlreadyExists):
                        self._snapshots.commit(self._committed, grown.key)
        finally:
            self._discard_all(made)

    def discard(self) -> None:
        """Removes what was not committed."""
        for grown in self._grown:
            if grown.layer is not None:
                grown.layer.exception()  # nobody reads it any more
        grown_ones, self._grown = self._grown, []
        self._discard_all(grown_ones)
