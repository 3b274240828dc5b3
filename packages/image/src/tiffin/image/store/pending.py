"""`PendingLayer`: a layer whose tree is on its way, and `LayersBelow`, where those above it wait for it."""

from __future__ import annotations

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tiffin.image.layers.apply import LayerWriter
    from tiffin.image.layers.root import Root
    from tiffin.image.store.turns import Turns


class PendingTree(Record):
    """A tree that is made here: its root, and what writes to it."""

    root: Root
    writer: LayerWriter


class PendingLayer:
    """A layer on its way.

    key: of the active snapshot; "" if another process makes it. applied: its tree, once its files are there.
    misjudged: they are wrong, for it took something for granted. complete: its root, once what it shows will stay.
    """

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.name = name
        self.key = ""
        self.applied: PendingTree | None = None
        self.misjudged = False
        self.complete: Root | None = None
        self.error: BaseException | None = None

    def look(self) -> Root | None:
        """`complete`, as it is now."""
        return self.complete


class LayersBelow:
    """The roots of the layers below one, for its writer: it waits for each that it asks for."""

    def __init__(self, turns: Turns, number: int, layers: Sequence[PendingLayer]) -> None:
        self._turns = turns
        self._number = number
        self._layers = layers

    def __len__(self) -> int:
        return len(self._layers)

    def __iter__(self) -> Iterator[Root]:
        for layer in reversed(self._layers):
            yield self._turns.wait_for(self._number, layer.look)
