"""`compared`: whether the files of snapshots are still those of the layers that they were made of.

A disk that has changed data shows it by no time and no size. So each layer that the store has is unpacked once more,
beside, and compared byte by byte. That takes as long as unpacking, and for a time as much of the disk as a layer (with
`native` snapshots, an image).
"""

from __future__ import annotations

from contextlib import ExitStack, suppress

from tiffin.image.errors import InvalidImage, NotFound
from tiffin.image.metadata.namespaces import Scope
from tiffin.image.snapshots.comparing import first_difference
from tiffin.image.store.chain import Chain
from tiffin.image.store.filling import Filling
from tiffin.image.transfer.events import nobody
from tiffin.image.verification.unpacked import images_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tiffin.image.image import Image
    from tiffin.image.snapshots.protocol import Tree
    from tiffin.image.store.store import Store


def compared(store: Store) -> Iterator[tuple[Tree, str]]:
    """Snapshots of all namespaces, each once, with a file of it that its layer has otherwise; "" if all is well.

    Left out is what is noted as damaged, and what is above a layer that cannot be read.

    Raises:
        OSError: the disk is full, or read-only.
    """
    with store.database.reading() as connection:
        names = connection.execute("SELECT namespace, name FROM images ORDER BY namespace, name").fetchall()
    whole: set[str] = set()
    told: set[str] = set()
    for namespace, name in names:
        within = store.within(Scope(namespace))
        for image in images_of(within, name):
            for tree, path in _Comparison(within, image, whole).trees():
                if tree.folder not in told:
                    told.add(tree.folder)
                    yield tree, path


class _Comparison:
    """Of one image's snapshots. whole: the folders of those that are known to be well, and need no second look."""

    def __init__(self, store: Store, image: Image, whole: set[str]) -> None:
        self._snapshots = store.snapshots
        self._chain = Chain(store, image.config.diff_ids)
        self._filling = Filling(image, None, nobody, stacks=self._snapshots.stacks)
        self._whole = whole

    def trees(self) -> Iterator[tuple[Tree, str]]:
        """From the bottom on, those that need a look."""
        # they were removed meanwhile, or `verify` has said already what of the layers is missing or damaged
        with suppress(NotFound, InvalidImage, FileNotFoundError), ExitStack() as stack:
            trees = self._chain.trees(self._chain.present())
            if any(tree.folder not in self._whole for tree in trees):
                yield from (
                    self._stacked(trees, stack) if self._snapshots.stacks else self._copied(trees, stack)
                )

    def _stacked(self, trees: Sequence[Tree], stack: ExitStack) -> Iterator[tuple[Tree, str]]:
        """A tree has what its layer adds; what the layer takes from those below comes from whole ones."""
        below: list[str] = []
        for number, tree in enumerate(trees):
            if tree.folder in self._whole:
                below.insert(0, tree.folder)
                continue
            with ExitStack() as beside:
                fresh = beside.enter_context(self._snapshots.scratch())
                self._filling.fill(number, fresh, below)
                yield from self._look(tree, fresh)
                if tree.folder not in self._whole:  # the fresh one stands in its place, for those above
                    stack.push(beside.pop_all())
            below.insert(0, tree.folder if tree.folder in self._whole else fresh)

    def _copied(self, trees: Sequence[Tree], stack: ExitStack) -> Iterator[tuple[Tree, str]]:
        """A tree has all that its layer and those below it have."""
        fresh = stack.enter_context(self._snapshots.scratch())
        for number, tree in enumerate(trees):
            self._filling.fill(number, fresh, ())
            yield from self._look(tree, fresh)

    def _look(self, tree: Tree, fresh: str) -> Iterator[tuple[Tree, str]]:
        if tree.damaged:
            return
        path = first_difference(fresh, tree.folder) or ""
        if not path:
            self._whole.add(tree.folder)
        yield tree, path
