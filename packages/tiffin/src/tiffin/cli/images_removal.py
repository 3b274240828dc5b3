"""`tiffin rmi IMAGE...`: removes images that no container uses: their names, and what nothing else keeps."""

from __future__ import annotations

import os

from tiffin.cli.containers.each import for_each
from tiffin.cli.containers.folder import all_folders, names
from tiffin.cli.containers.record import read_record
from tiffin.cli.failure import CommandFailed
from tiffin.cli.parse import Arguments
from tiffin.cli.run.host import Host
from tiffin.image.collection.references import Node
from tiffin.image.store.names import NamedImage, list_named
from tiffin.image.store.store import Store
from tiffin.spec.reference import InvalidReference, Reference


def main(arguments: Arguments) -> int:
    """Removes each; 1 if one could not be removed."""
    store = Host.enter().swept().store
    return for_each("rmi", arguments.words, lambda text: _remove(store, text))


def _remove(store: Store, text: str) -> None:
    found = _find(store, text)
    with all_folders(store.containers):
        used = _used(store)
        for image in found:
            if image.chain_id in used:
                container = used[image.chain_id]
                raise CommandFailed(f"container {container!r} uses it (`tiffin rm {container}` removes that)")
        for image in found:
            store.images.delete(image.name)
        namespace, snapshotter = store.scope.namespace, store.snapshots.name
        store.collect(Node(namespace, f"snapshots/{snapshotter}", chain_id) for chain_id in used)


def _find(store: Store, text: str) -> list[NamedImage]:
    """By name as it was for `run`; else by id, cut short as far as it stays unambiguous: all names of that image."""
    images = list_named(store)
    named = [image for image in images if image.name in (text, _full(text))]
    if named:
        return named
    wanted = text.removeprefix("sha256:")
    found = [image for image in images if image.chain_id.partition(":")[2].startswith(wanted)]
    number = len({image.chain_id for image in found})
    if number != 1:
        counted = "no image" if not number else f"{number} images"
        raise CommandFailed(f"there is {counted} {text!r} (`tiffin images` lists them)")
    return found


def _full(text: str) -> str:
    try:
        return str(Reference.parse(text.removeprefix("docker://")).with_default_tag())
    except InvalidReference:
        return ""


def _used(store: Store) -> dict[str, str]:
    """The images that containers use, and one container of each.

    A container looks for its image once it has its folder: one without a record may be about to use any.
    """
    used = {}
    for name in names(store.containers):
        record = read_record(os.path.join(store.containers, name))
        if record is None:
            raise CommandFailed(f"container {name!r} is being made, and may need it: try again")
        used[record.chain_id] = name
    return used
