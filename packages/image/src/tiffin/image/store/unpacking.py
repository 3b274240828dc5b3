"""Unpacking an image into snapshots, one for each layer, so that a kill at any moment leaves nothing half under a name.

On overlays every layer gets a tree of its own, and all are committed at the end: the disk is synced once. Where a
snapshot is a whole tree (native) each layer is committed before the next one begins.
"""

from __future__ import annotations

import secrets
from collections import Counter
from contextlib import ExitStack, suppress

from tiffin.image.errors import AlreadyExists, FailedPrecondition, NotFound
from tiffin.image.layers.apply import LayerWriter
from tiffin.image.layers.limits import Limits
from tiffin.image.layers.owners import Ownership
from tiffin.image.layers.root import Root
from tiffin.image.layers.whiteouts import WhiteoutForm
from tiffin.image.snapshots.committing import Layered
from tiffin.image.store.lock import acquire
from tiffin.image.store.root import is_real_root
from tiffin.image.store.unpacked import LEFT_OUT, UnpackedImage, chain_ids, find_chain
from tiffin.image.transfer.events import Progress, Stage, nobody
from tiffin.image.unpack import apply_layer
from tiffin.spec.json_tree import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.image import Image, Layer
    from tiffin.image.store.store import Store
    from tiffin.image.transfer.events import Report


def unpack_image(
    store: Store, image: Image, *, limits: Limits | None = None, report: Report = nobody
) -> UnpackedImage:
    """The unpacked image; layers that are missing are unpacked. Processes that ask for the same one do it once.

    Args:
        store: leased, or who calls has a name for the image ready: else a collection may take it at once.
        image: what to unpack. limits: how much each layer may be. report: takes an event of kind `unpack` for each.

    Raises:
        InvalidImage, Unsupported, OSError: as `tiffin.image.unpack`; then nothing of the layer is left.
    """
    chains = chain_ids(image.config.diff_ids)
    found = _find_whole(store, chains[-1])
    if found is not None:
        return found
    lock = acquire(store.lock_file(chains[-1]))
    try:
        _Unpacking(store, image, limits or Limits(), report).run()
    finally:
        if lock is not None:
            lock.release(remove=True)
    found = find_chain(store, chains[-1])
    if found is None:
        raise FailedPrecondition(
            f"{image.name!r} was unpacked, and removed at once: it needs a name or a lease"
        )
    return found


def _find_whole(store: Store, chain_id: str) -> UnpackedImage | None:
    """An unpacked image of which nothing is damaged, of the layers below neither; the lease keeps it from now on."""
    if not _claim(store, chain_id) or any(tree.damaged for tree in store.snapshots.chain(chain_id)):
        return None
    return find_chain(store, chain_id)


def _claim(store: Store, chain_id: str) -> bool:
    """Whether a snapshot is there; then the lease keeps it, and those below it."""
    try:
        store.snapshots.stat(chain_id)
        store.snapshots.claim(chain_id)
    except NotFound:
        return False
    return True


class _Unpacking:
    """One unpacking. `left_out` counts over all layers that are unpacked here."""

    def __init__(self, store: Store, image: Image, limits: Limits, report: Report) -> None:
        self._store = store
        self._snapshots = store.snapshots
        self._image = image
        self._limits = limits
        self._report = report
        self._chains = chain_ids(image.config.diff_ids)
        overlay = WhiteoutForm.TRUSTED if is_real_root() else WhiteoutForm.USER
        self._form = overlay if self._snapshots.stacks else WhiteoutForm.APPLIED
        self._left_out: Counter[str] = Counter()

    def run(self) -> None:
        """Makes what is missing, and what is damaged anew."""
        self._heal()
        if self._snapshots.stacks:
            self._run_stacked()
        else:
            self._run_copied()

    def _present(self) -> int:
        """How many of the layers, from the bottom on, are there already, damaged or not; they are kept from now on."""
        for count in range(len(self._chains), 0, -1):
            if _claim(self._store, self._chains[count - 1]):
                return count
        return 0

    def _heal(self) -> None:
        """Makes those anew that are damaged, from the bottom on."""
        present = self._present()
        chain = self._snapshots.chain(self._chains[present - 1])[::-1] if present else ()
        for number, tree in enumerate(chain):
            if tree.damaged:
                below = (
                    tuple(lower.folder for lower in chain[:number][::-1]) if self._snapshots.stacks else ()
                )
                with self._snapshots.replacing(tree.key) as path:
                    self._fill(number, path, below)

    def _run_stacked(self) -> None:
        start = self._present()
        with ExitStack() as undo:
            trees = self._snapshots.trees(self._chains[start - 1]) if start else ()
            stack = []
            for number in range(start, len(self._chains)):
                key, path = self._prepare(number, "", undo)
                self._fill(number, path, trees)
                trees = (path, *trees)
                stack.append(Layered(key, self._chains[number], self._labels()))
            self._commit(stack)
        # who was faster with some of the layers has committed them: `undo` has removed ours

    def _commit(self, stack: list[Layered]) -> None:
        """Commits what nobody else has committed meanwhile."""
        while stack:
            start = self._present()
            stack = [layer for layer in stack if layer.name in self._chains[start:]]
            try:
                self._snapshots.commit_stack(stack, self._chains[start - 1] if start else "")
            except AlreadyExists:
                continue
            return

    def _run_copied(self) -> None:
        for number in range(self._present(), len(self._chains)):
            with ExitStack() as undo:
                key, path = self._prepare(number, self._chains[number - 1] if number else "", undo)
                self._fill(number, path, ())
                try:
                    self._snapshots.commit(self._chains[number], key, labels=self._labels())
                except AlreadyExists:
                    continue

    def _prepare(self, number: int, parent: str, undo: ExitStack) -> tuple[str, str]:
        """An active snapshot, its key and its folder; it goes with `undo`, unless it was committed."""
        key = f"extract-{secrets.token_hex(8)} {self._chains[number]}"
        (bound,) = self._snapshots.prepare(key, parent)
        undo.callback(self._discard, key)
        return key, bound.source

    def _discard(self, key: str) -> None:
        with suppress(NotFound):  # it was committed
            self._snapshots.remove(key)

    def _fill(self, number: int, path: str, parents: tuple[str, ...]) -> None:
        if not self._image.layers:
            return
        layer = self._image.layers[number]
        what = f"layer {number + 1} of {len(self._image.layers)} of {self._image.name!r}"
        self._tell(Stage.STARTED, layer)
        with ExitStack() as stack:
            root = stack.enter_context(Root(path))
            below = [stack.enter_context(Root(parent)) for parent in parents]
            writer = LayerWriter(
                root, Ownership.possible(), whiteouts=self._form, parents=below, limits=self._limits
            )
            apply_layer(layer, writer, what, self._limits)
            writer.finish()
        self._left_out += writer.left_out
        self._tell(Stage.DONE, layer)

    def _labels(self) -> dict[str, str]:
        return {LEFT_OUT: encode(dict(self._left_out))} if self._left_out else {}

    def _tell(self, stage: Stage, layer: Layer) -> None:
        size = layer.size or 0
        self._report(
            Progress(stage, "unpack", layer.digest or layer.diff_id, size if stage is Stage.DONE else 0, size)
        )
