"""`put_on`: the snapshots of a stage's steps, one on top of the other, beside builds that make the same ones."""

from __future__ import annotations

from contextlib import suppress

from tiffin.image.errors import AlreadyExists, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.snapshots.committing import Layered
    from tiffin.image.snapshots.local import LocalSnapshotter


def put_on(snapshots: LocalSnapshotter, parent: str, stack: list[Layered]) -> None:
    """Commits a stack but for the lowest ones that are there already, made by another build meanwhile.

    Whether these are damaged does not count here: `Layers.unpack` heals them. Raises as `commit_stack`.
    """
    while stack:
        if _is_there(snapshots, stack[0].name):
            parent = stack.pop(0).name
            continue
        with suppress(AlreadyExists):
            snapshots.commit_stack(stack, parent)
            return


def _is_there(snapshots: LocalSnapshotter, chain: str) -> bool:
    try:
        snapshots.stat(chain)
    except NotFound:
        return False
    return True
