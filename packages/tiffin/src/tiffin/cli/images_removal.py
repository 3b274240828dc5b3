"""`tiffin rmi IMAGE...`: removes images that no container uses: their names, and what nothing else keeps."""

from __future__ import annotations

from tiffin.cli.containers.each import for_each
from tiffin.cli.failure import CommandFailed
from tiffin.cli.parse import Arguments
from tiffin.cli.run.host import Host
from tiffin.image.store.containers import roots_of, used_chains
from tiffin.image.store.names import NamedImage, list_named
from tiffin.image.store.store import Store
from tiffin.image.transports.store_names import with_defaults


def main(arguments: Arguments) -> int:
    """Removes each; 1 if one could not be removed."""
    if arguments.address:
        return _from_manager(arguments)
    store = Host.enter().swept().store
    return for_each("rmi", arguments.words, lambda text: _remove(store, text))


def _from_manager(arguments: Arguments) -> int:
    from tiffin.cli.managed.images import remove_image
    from tiffin.cli.managed.opening import open_managed

    with open_managed(arguments.address, arguments.namespace) as containers:
        loop = containers.loop
        return for_each(
            "rmi", arguments.words, lambda text: loop.run(lambda client: remove_image(client, text))
        )


def _remove(store: Store, text: str) -> None:
    found = _find(store, text)
    with used_chains(store) as used:
        for image in found:
            if image.chain_id in used:
                container = used[image.chain_id]
                raise CommandFailed(f"container {container!r} uses it (`tiffin rm {container}` removes that)")
        for image in found:
            store.images.delete(image.name)
        store.collect(roots_of(store, used))


def _find(store: Store, text: str) -> list[NamedImage]:
    """By name as it was for `run`; else by id, cut short as far as it stays unambiguous: all names of that image."""
    images = list_named(store)
    named = [image for image in images if image.name in (text, with_defaults(text))]
    if named:
        return named
    wanted = text.removeprefix("sha256:")
    found = [image for image in images if image.chain_id.partition(":")[2].startswith(wanted)]
    number = len({image.chain_id for image in found})
    if number != 1:
        counted = "no image" if not number else f"{number} images"
        raise CommandFailed(f"there is {counted} {text!r} (`tiffin images` lists them)")
    return found
