"""`system pin|unpin IMAGE...` of a manager: images that `prune --all` and kubelet keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.cli.containers.each import for_each
from tiffin.cli.managed.images import image_named
from tiffin.cli.managed.opening import open_managed
from tiffin.cli.managed.system.stored import PINNED

if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.manager.client.client import Client


def main(arguments: Arguments) -> int:
    """Pins or unpins each; 1 if there is none of that name."""
    action, *images = arguments.words
    value = "pinned" if action == "pin" else ""
    with open_managed(arguments.address, arguments.namespace) as containers:
        run = containers.loop.run
        return for_each(
            f"system {action}", images, lambda name: run(lambda client: _label(client, name, value))
        )


async def _label(client: Client, text: str, value: str) -> None:
    await client.images.set_labels(await image_named(client, text), {PINNED: value})
