"""`system prune` of a manager: has it collect what nothing keeps; with --all also images that no container uses."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tiffin.cli.managed.opening import open_managed
from tiffin.cli.managed.system.look import look
from tiffin.runtime.errors import NotFound

if TYPE_CHECKING:
    from tiffin.cli.managed.system.stored import Stored
    from tiffin.cli.parse import Arguments
    from tiffin.manager.client.client import Client

MINUTE = 60.0


def main(arguments: Arguments) -> int:
    """Prints what was removed, and how much the disk has back."""
    with open_managed(arguments.address, arguments.namespace) as containers:
        before = containers.loop.run(look)
        if arguments.switch("all"):
            for image in before.unused():
                containers.loop.run(partial(_forget, image.name))
                print(f"images {image.name}")
        containers.loop.run(_collect)
        after = containers.loop.run(look)
    for kind, name in sorted(before.items.keys() - after.items.keys()):
        print(f"{kind} {name}")
    print(f"{max(_size(before) - _size(after), 0) / 1e6:.1f} MB reclaimed")
    return 0


async def _forget(name: str, client: Client) -> None:
    try:
        await client.images.delete(name)
    except NotFound:  # somebody else was faster
        return


async def _collect(client: Client) -> None:
    """A lease that goes has the manager collect; no request does only that."""
    lease = await client.leases.create(seconds=MINUTE)
    await client.leases.delete(lease.id, collect=True)


def _size(stored: Stored) -> int:
    return sum(item.size for item in stored.items.values())
