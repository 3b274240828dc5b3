"""`tiffin images`: the names of images in the store."""

from __future__ import annotations

import json

from tiffin.cli.parse import Arguments
from tiffin.cli.run.host import Host
from tiffin.cli.text_table import print_table
from tiffin.image.store.names import NamedImage, list_named

HEADINGS = ("ID", "IMAGE", "SIZE", "FILES")
SHOWN = len("sha256:") + 12


def main(arguments: Arguments) -> int:
    """Prints them, with what they take on the disk."""
    if arguments.address:
        return _of_manager(arguments)
    images = [image for image in list_named(Host.enter().store) if image.usage is not None]
    if arguments.switch("quiet"):
        for image in images:
            print(image.chain_id)
    elif arguments.switch("json"):
        print(json.dumps([_tree(image) for image in images], indent=2))
    else:
        print_table(HEADINGS, [_row(image) for image in images])
    return 0


def _of_manager(arguments: Arguments) -> int:
    """Their size is that of the blobs, which are compressed."""
    from tiffin.cli.managed.images import list_images
    from tiffin.cli.managed.opening import open_managed

    with open_managed(arguments.address, arguments.namespace) as containers:
        images = containers.loop.run(list_images)
    if arguments.switch("quiet"):
        for image in images:
            print(image["digest"])
    elif arguments.switch("json"):
        print(json.dumps(images, indent=2))
    else:
        rows = [(str(image["digest"])[:SHOWN], str(image["name"]), _size(image["size"])) for image in images]
        print_table(HEADINGS[:3], rows)
    return 0


def _size(size: object) -> str:
    return f"{size / 1e6:.1f} MB" if isinstance(size, int) else "unknown"


def _tree(image: NamedImage) -> dict[str, object]:
    size, files = image.usage or (0, 0)
    return {
        "id": image.chain_id,
        "name": image.name,
        "config": image.config_digest,
        "size": size,
        "files": files,
    }


def _row(image: NamedImage) -> tuple[str, ...]:
    size, files = image.usage or (0, 0)
    return image.chain_id[:SHOWN], image.name, f"{size / 1e6:.1f} MB", str(files)
