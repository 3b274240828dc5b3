"""A tree to look at: a folder, or the files of an image of the store, mounted for this process alone."""

from __future__ import annotations

import os
import secrets
import tempfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import ExitStack

    from tiffin.image.command.session import Session
    from tiffin.image.store.store import Store


def open_tree(text: str, session: Session, stack: ExitStack) -> str:
    """The path of a tree; `stack` takes it away again.

    Args:
        text: a folder, or the name of an image of the store, which is unpacked if it was not.

    Raises:
        NotFound: there is neither. OSError: EPERM without root, for an image of several layers.
    """
    if os.path.isdir(text):
        return text
    from tiffin.image.command.unpacked import chain_for
    from tiffin.image.transports.store_names import find_name

    store = session.store()
    return _mounted(store, chain_for(store, find_name(store, text).name), stack)


def _mounted(store: Store, chain: str, stack: ExitStack) -> str:
    from tiffin.image.kernel import umount2
    from tiffin.image.snapshots.mounting import mount_all
    from tiffin.image.store.writable import own_mount_namespace

    snapshots = stack.enter_context(store.leased()).snapshots
    key = f"look-{secrets.token_hex(8)}"
    mounts = snapshots.view(key, chain)
    stack.callback(snapshots.remove, key)
    if [one.type for one in mounts] == ["bind"]:
        return mounts[0].source
    own_mount_namespace()  # whoever kills us leaves no mount
    place = stack.enter_context(tempfile.TemporaryDirectory(prefix="tiffin-tree-"))
    mount_all(mounts, place)
    stack.callback(umount2, place, 0)
    return place
