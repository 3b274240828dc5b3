"""Images of a manager: found by what a person writes, listed, and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.cli.failure import CommandFailed
from tiffin.image.transports.store_names import with_defaults
from tiffin.manager.client.transport.failures import DataLoss
from tiffin.runtime.errors import NotFound

if TYPE_CHECKING:
    from tiffin.manager.client.client import Client


async def image_named(client: Client, text: str) -> str:
    """The name that the manager has. Raises CommandFailed: it has none such."""
    for name in dict.fromkeys((text, with_defaults(text))):
        try:
            return (await client.images.get(name)).name
        except NotFound:
            continue
    raise CommandFailed(
        f"the manager has no image {text!r} in the namespace {client.session.namespace!r} "
        "(`tiffin images` lists them, `ctr images pull` gets one)"
    )


async def list_images(client: Client) -> list[dict[str, object]]:
    """Name, digest of the target, and bytes of what this host's platform needs (None: not there, or none of it is)."""
    found: list[dict[str, object]] = []
    for image in await client.images.list():
        try:
            manifest = await client.images.manifest(image.name)
            size = sum(part["size"] for part in (manifest["config"], *manifest["layers"]))
        except (NotFound, DataLoss, KeyError, TypeError):  # whoever gave it its name may have meant anything
            size = None
        labels = dict(image.labels)
        found.append({"name": image.name, "digest": image.target.digest, "size": size, "labels": labels})
    return found


async def remove_image(client: Client, text: str) -> None:
    """Its name, and what nothing else keeps. Raises CommandFailed: there is none such."""
    await client.images.delete(await image_named(client, text), collect=True)
