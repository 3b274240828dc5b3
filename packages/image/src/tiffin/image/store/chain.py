"""`Chain`: the snapshots of one image's layers in a store, each known by its chain id, from the bottom on."""

from __future__ import annotations

import secrets
from collections import Counter
from contextlib import suppress

from tiffin.image.errors import NotFound
from tiffin.image.store.unpacked import LEFT_OUT, chain_ids, left_out_of
from tiffin.spec.json_tree import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from tiffin.image.snapshots.protocol import Tree
    from tiffin.image.store.store import Store


class Chain:
    """Args: store: theirs. diff_ids: the image's. names: the chain ids."""

    def __init__(self, store: Store, diff_ids: Sequence[str]) -> None:
        self._store = store
        self._snapshots = store.snapshots
        self.names = chain_ids(diff_ids)

    def has(self, number: int) -> bool:
        """Whether a snapshot is there, damaged or not; then the lease keeps it from now on, and those below it."""
        try:
            self._snapshots.stat(self.names[number])
            self._snapshots.claim(self.names[number])
        except NotFound:
            return False
        return True

    def present(self) -> int:
        """How many are there, as `has` says it."""
        for count in range(len(self.names), 0, -1):
            if self.has(count - 1):
                return count
        return 0

    def trees(self, count: int) -> tuple[Tree, ...]:
        """The first so many, which are there. Raises NotFound."""
        return self._snapshots.chain(self.names[count - 1])[::-1] if count else ()

    def left_out(self, count: int) -> Counter[str]:
        """What was left out of the first so many, as the uppermost of them has it in a label. Raises NotFound."""
        return Counter(left_out_of(self._snapshots.stat(self.names[count - 1]).labels) if count else {})

    def prepare(self, number: int, parent: str, undo: ExitStack) -> tuple[str, str]:
        """An active snapshot, its key and its folder; it goes with `undo`, unless it was committed."""
        key = f"extract-{secrets.token_hex(8)} {self.names[number]}"
        (bound,) = self._snapshots.prepare(key, parent)
        undo.callback(self._discard, key)
        return key, bound.source

    def _discard(self, key: str) -> None:
        with suppress(NotFound):  # it was committed
            self._snapshots.remove(key)


def left_out_labels(left_out: Counter[str]) -> dict[str, str]:
    """The labels of a snapshot that tell what this user cannot have of it, and of those below it."""
    return {LEFT_OUT: encode(dict(left_out))} if left_out else {}
