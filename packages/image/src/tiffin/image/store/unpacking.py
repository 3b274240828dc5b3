"""Unpacking an image into snapshots, one for each layer, so that a kill at any moment leaves nothing half under a name.

On overlays every layer gets a tree of its own: several are made at once (`stacking`), and all are committed at the end,
so that the disk is synced once. Where a snapshot is a whole tree (native) they are made one after the other, for each
begins as a copy of the finished one below it; each is committed before the next one begins.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager

from tiffin.image.errors import AlreadyExists, FailedPrecondition
from tiffin.image.store.chain import Chain, left_out_labels
from tiffin.image.store.filling import Filling
from tiffin.image.store.lock import acquire
from tiffin.image.store.unpacked import UnpackedImage, find_chain
from tiffin.image.transfer.events import nobody

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiffin.image.image import Image
    from tiffin.image.layers.limits import Limits
    from tiffin.image.store.store import Store
    from tiffin.image.transfer.events import Report


def unpack_image(
    store: Store,
    image: Image,
    *,
    limits: Limits | None = None,
    report: Report = nobody,
    give_up: Callable[[], None] = lambda: None,
) -> UnpackedImage:
    """The unpacked image; layers that are missing are unpacked. Processes that ask for the same layer do it once.

    Args:
        store: leased, or who calls has a name for the image ready: else a collection may take it at once.
        image: what to unpack; several of its layers are read at once. limits: how much each layer may be.
        report: takes events of kind `unpack`, from several threads: one when a layer begins, one when it is complete.
        give_up: called once a layer failed, maybe by several threads: streams that wait for something are to end.

    Raises:
        InvalidImage, Unsupported, OSError: as `tiffin.image.unpack`; then nothing of the layer is left.
    """
    unpacking = _Unpacking(store, image, limits, report)
    found = unpacking.found_whole()
    if found is not None:
        return found
    unpacking.heal()
    if store.snapshots.stacks:
        from tiffin.image.store.stacking import Stacking  # threads: not for who has all of it already

        Stacking(store, unpacking.chain, unpacking.filling, give_up).run()
    else:
        unpacking.copy()
    found = find_chain(store, unpacking.chain.names[-1])
    if found is None:
        raise FailedPrecondition(
            f"{image.name!r} was unpacked, and removed at once: it needs a name or a lease"
        )
    return found


class _Unpacking:
    """What is not made several layers at a time."""

    def __init__(self, store: Store, image: Image, limits: Limits | None, report: Report) -> None:
        self._store = store
        self._snapshots = store.snapshots
        self.chain = Chain(store, image.config.diff_ids)
        self.filling = Filling(image, limits, report, stacks=self._snapshots.stacks)

    def found_whole(self) -> UnpackedImage | None:
        """The unpacked image, if it is there and nothing in its chain is damaged; the lease keeps it from now on."""
        top = len(self.chain.names)
        if not self.chain.has(top - 1) or any(tree.damaged for tree in self.chain.trees(top)):
            return None
        return find_chain(self._store, self.chain.names[-1])

    def heal(self) -> None:
        """Makes those anew that are there and damaged, from the bottom on."""
        count = self.chain.present()
        for number in range(count):
            if self.chain.trees(count)[number].damaged:
                with self._locked(number):
                    self._make_anew(number)

    def _make_anew(self, number: int) -> None:
        *below, tree = self.chain.trees(number + 1)
        if tree.damaged:  # else another process was faster
            parents = [lower.folder for lower in below[::-1]] if self._snapshots.stacks else []
            with self._snapshots.replacing(tree.key) as path:
                self.filling.fill(number, path, parents)

    def copy(self) -> None:
        """Makes those that are missing, each on top of a copy of the one below."""
        for number in range(self.chain.present(), len(self.chain.names)):
            with self._locked(number):
                if not self.chain.has(number):  # else another process was faster
                    self._make_copy(number)

    def _make_copy(self, number: int) -> None:
        left_out = self.chain.left_out(number)
        with ExitStack() as undo:
            key, path = self.chain.prepare(number, self.chain.names[number - 1] if number else "", undo)
            left_out += self.filling.fill(number, path, ())
            try:
                self._snapshots.commit(self.chain.names[number], key, labels=left_out_labels(left_out))
            except AlreadyExists:  # of a client of the store that has no locks
                return

    @contextmanager
    def _locked(self, number: int) -> Iterator[None]:
        lock = acquire(self._store.lock_file(self.chain.names[number]))
        try:
            yield
        finally:
            if lock is not None:
                lock.release(remove=True)
