"""`tiffin rmi IMAGE...`: removes unpacked images that no container uses."""

from __future__ import annotations

import os

from tiffin.cli.containers.each import for_each
from tiffin.cli.containers.folder import all_folders, names
from tiffin.cli.containers.record import read_record
from tiffin.cli.failure import CommandFailed
from tiffin.cli.parse import Arguments
from tiffin.cli.run.host import Host
from tiffin.image.store.store import Store


def main(arguments: Arguments) -> int:
    """Removes each; 1 if one could not be removed."""
    store = Host.enter().swept().store
    return for_each("rmi", arguments.words, lambda text: _remove(store, text))


def _remove(store: Store, text: str) -> None:
    chain_id = _find(store, text)
    with all_folders(store.containers):
        _refuse_used(store, chain_id)
        store.remove(chain_id)


def _find(store: Store, text: str) -> str:
    """An id may be cut short as far as it stays unambiguous; an image may also be named as it was for `run`."""
    wanted = text.removeprefix("sha256:")
    found = [
        image.chain_id
        for image in store.list()
        if image.name == text or image.chain_id.partition(":")[2].startswith(wanted)
    ]
    if len(found) != 1:
        number = "no unpacked image" if not found else f"{len(found)} unpacked images"
        raise CommandFailed(f"there is {number} {text!r} (`tiffin images` lists them)")
    return found[0]


def _refuse_used(store: Store, chain_id: str) -> None:
    """A container looks for its image once it has its folder: one without a record may be about to use any."""
    for name in names(store.containers):
        record = read_record(os.path.join(store.containers, name))
        if record is None:
            raise CommandFailed(f"container {name!r} is being made, and may need it: try again")
        if record.chain_id == chain_id:
            raise CommandFailed(f"container {name!r} uses it (`tiffin rm {name}` removes that)")
