"""`tiffin system pin|unpin IMAGE...`: images that `prune --all` keeps, as the CRI's pinned images."""

from __future__ import annotations

from tiffin.cli.containers.each import for_each
from tiffin.cli.failure import CommandFailed
from tiffin.cli.run.host import Host
from tiffin.image.store.names import PINNED
from tiffin.image.transports.store_names import with_defaults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.image.store.store import Store


def main(arguments: Arguments) -> int:
    """Pins or unpins each; 1 if there is none of that name."""
    store = Host.enter(arguments).store
    action, *images = arguments.words
    value = PINNED[1] if action == "pin" else ""
    return for_each(f"system {action}", images, lambda name: _label(store, name, value))


def _label(store: Store, text: str, value: str) -> None:
    names = {image.name for image in store.images.list()}
    name = text if text in names else with_defaults(text)
    if name not in names:
        raise CommandFailed(f"there is no image {text!r} (`tiffin images` lists them)")
    stored = store.images.get(name)
    labels = {**stored.labels, PINNED[0]: value}
    store.images.put(name, stored.target, labels={key: label for key, label in labels.items() if label})
