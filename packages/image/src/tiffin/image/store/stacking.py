"""`Stacking`: the missing layers of one image on overlays, several at once, each in a tree of its own.

Threads make the files. A layer that must look into one below waits until that is complete (`LayersBelow`); the lowest
ones go first, so that whoever is waited for is at work. The caller's thread goes through the layers from the bottom
on: it settles what only those below can say, and in the end commits all of them in one transaction.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tiffin.image.errors import AlreadyExists, FailedPrecondition, Stopped
from tiffin.image.layers.copy_up import Misjudged
from tiffin.image.layers.root import Root
from tiffin.image.snapshots.committing import Layered
from tiffin.image.store.chain import left_out_labels
from tiffin.image.store.claims import Claims
from tiffin.image.store.pending import LayersBelow, PendingLayer, PendingTree
from tiffin.image.store.turns import Turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.image.store.chain import Chain
    from tiffin.image.store.filling import Filling
    from tiffin.image.store.store import Store

MOST_AT_ONCE = 4  # bounds the memory: each has some blocks that wait to be written
PATIENCE = 0.1  # seconds between looks at what another process does


def at_once() -> int:
    """How many layers are made at a time: one for each processor that this process may use, up to four."""
    return min(len(os.sched_getaffinity(0)), MOST_AT_ONCE)


class Stacking:
    """One such unpacking.

    Args:
        store: where to. chain, filling: the image's.
        give_up: called once a layer failed: streams that wait for something are to end.
    """

    def __init__(self, store: Store, chain: Chain, filling: Filling, give_up: Callable[[], None]) -> None:
        self._snapshots = store.snapshots
        self._chain = chain
        self._filling = filling
        self._give_up = give_up
        self._claims = Claims(store)
        self._turns = Turns(at_once())
        self._layers = [PendingLayer(number, name) for number, name in enumerate(chain.names)]

    def run(self) -> None:
        """Makes and commits what is missing. Raises what the lowest of the layers that failed raised."""
        with ExitStack() as undo:
            undo.callback(self._claims.release_all)
            pool = ThreadPoolExecutor(2 * at_once(), "tiffin-unpack")  # as many again as may wait for others
            try:
                self._finish(self._begin(pool, undo), undo)
            except BaseException as error:
                self._fail()
                pool.shutdown(cancel_futures=True)
                if isinstance(error, Stopped):
                    raise self._cause(error) from None
                raise
            pool.shutdown()

    def _fail(self) -> None:
        self._turns.stop()
        self._give_up()

    def _cause(self, stopped: Stopped) -> BaseException:
        errors = [layer.error for layer in self._layers if layer.error is not None]
        return next((error for error in errors if not isinstance(error, Stopped)), stopped)

    def _begin(self, pool: ThreadPoolExecutor, undo: ExitStack) -> int:
        """Has all layers made that nobody else makes. Returns how many were there."""
        for name in self._chain.names[self._chain.present() :]:
            self._claims.take(name)
        count = self._chain.present()  # again: who had some of them may have committed them just before
        self._claims.release(self._chain.names[:count])
        for layer, tree in zip(self._layers, self._chain.trees(count), strict=False):
            self._found(layer, tree.folder, undo)
        for layer in self._layers[count:]:
            if self._claims.has(layer.name):
                self._turns.check()
                late = any(lower.complete is None for lower in self._layers[: layer.number])
                pool.submit(self._make, layer, self._prepare(layer, undo, late=late))
        return count

    def _found(self, layer: PendingLayer, folder: str, undo: ExitStack) -> None:
        root = undo.enter_context(Root(folder))
        with self._turns.changing():
            layer.complete = root

    def _prepare(self, layer: PendingLayer, undo: ExitStack, *, late: bool) -> PendingTree:
        """late: layers below may not be complete yet."""
        layer.key, path = self._chain.prepare(layer.number, "", undo)
        root = undo.enter_context(Root(path))
        below = LayersBelow(self._turns, layer.number, self._layers[: layer.number])
        return PendingTree(root, self._filling.writer(root, below, late=late))

    def _make(self, layer: PendingLayer, tree: PendingTree, *, again: bool = False) -> None:
        """Makes the files of a layer; an error is kept, and ends all others."""
        try:
            with self._turns.turn(layer.number):
                if not again:
                    self._filling.started(layer.number)
                self._filling.apply(layer.number, tree.writer, self._turns.check)
                tree.writer.end()
        except Misjudged:
            layer.misjudged = True
        except BaseException as error:  # noqa: BLE001  # `run` raises it
            layer.error = error
            self._fail()
            return
        with self._turns.changing():
            layer.applied = tree
            layer.complete = None if layer.misjudged or tree.writer.unsettled else tree.root

    def _finish(self, count: int, undo: ExitStack) -> None:
        """Settles the layers in order, and commits them. count: how many were there."""
        left_out = self._chain.left_out(count)
        ready: list[Layered] = []
        for layer in self._layers[count:]:
            if not layer.key:  # its maker may wait for one that is ready here
                self._commit(ready)
                self._wait_for_other(layer, undo)
            if layer.key:
                tree = self._settled(layer, self._applied(layer, ready), undo)
                self._filling.done(layer.number)
                left_out += tree.writer.left_out
                ready.append(Layered(layer.key, layer.name, left_out_labels(left_out)))
            else:
                left_out = self._chain.left_out(layer.number + 1)
        self._commit(ready)

    def _applied(self, layer: PendingLayer, ready: list[Layered]) -> PendingTree:
        """Waits for a layer; those that are ready are committed before that if another process wants one of them."""
        while (tree := self._turns.look(lambda: layer.applied, PATIENCE if ready else None)) is None:
            if self._claims.are_wanted(each.name for each in ready):
                self._commit(ready)
        return tree

    def _settled(self, layer: PendingLayer, tree: PendingTree, undo: ExitStack) -> PendingTree:
        """Completes a layer; all below it are complete. Makes it once more if it took something for granted wrongly."""
        try:
            if not layer.misjudged:
                tree.writer.settle()
        except Misjudged:
            layer.misjudged = True
        if layer.misjudged:
            layer.applied, layer.misjudged = None, False
            self._make(layer, self._prepare(layer, undo, late=False), again=True)
            tree = self._applied(layer, [])
            tree.writer.settle()
        with self._turns.changing():
            layer.complete = tree.root
        return tree

    def _wait_for_other(self, layer: PendingLayer, undo: ExitStack) -> None:
        """Waits until another process has committed a layer; makes it here if that gave up."""
        while not self._claims.take(layer.name):
            self._claims.want(layer.name)
            self._turns.look(lambda: None, PATIENCE)
        if self._chain.has(layer.number):
            self._claims.release([layer.name])
            self._found(layer, self._chain.trees(layer.number + 1)[-1].folder, undo)
        else:
            self._make(
                layer, self._prepare(layer, undo, late=False)
            )  # here: all others may be waiting for it

    def _commit(self, ready: list[Layered]) -> None:
        """Commits layers that are complete, all or none, and empties the list."""
        names = [each.name for each in ready]
        while ready:
            start = self._chain.present()
            ready[:] = [each for each in ready if each.name in self._chain.names[start:]]
            if ready and ready[0].name != self._chain.names[start]:
                raise FailedPrecondition(f"the snapshot below {ready[0].name!r} was removed meanwhile")
            try:
                self._snapshots.commit_stack(ready, self._chain.names[start - 1] if start else "")
            except AlreadyExists:  # of a client of the store that has no locks: `undo` removes ours
                continue
            ready.clear()
        self._claims.release(names)
