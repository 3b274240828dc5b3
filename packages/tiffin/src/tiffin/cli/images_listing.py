"""`tiffin images`: the unpacked images in the store."""

from __future__ import annotations

import json
import os

from tiffin.cli.parse import Arguments
from tiffin.cli.run.host import Host
from tiffin.cli.text_table import print_table
from tiffin.image.store.store import StoredImage

HEADINGS = ("ID", "IMAGE", "SIZE", "FILES")
SHOWN = len("sha256:") + 12


def main(arguments: Arguments) -> int:
    """Prints them, with what they take on the disk."""
    images = Host.enter().store.list()
    if arguments.switch("quiet"):
        for image in images:
            print(image.chain_id)
        return 0
    sizes = [_usage(image) for image in images]
    if arguments.switch("json"):
        rows = zip(images, sizes, strict=True)
        print(json.dumps([_tree(image, size, files) for image, (size, files) in rows], indent=2))
        return 0
    table = zip(images, sizes, strict=True)
    print_table(
        HEADINGS,
        [
            (image.chain_id[:SHOWN], image.name, f"{size / 1e6:.1f} MB", str(files))
            for image, (size, files) in table
        ],
    )
    return 0


def _tree(image: StoredImage, size: int, files: int) -> dict[str, object]:
    return {
        "id": image.chain_id,
        "name": image.name,
        "config": image.config_digest,
        "size": size,
        "files": files,
    }


def _usage(image: StoredImage) -> tuple[int, int]:
    """Bytes on the disk and number of files; a file with several names counts once."""
    seen: dict[int, int] = {}
    for folder, directories, files in os.walk(image.rootfs):
        for name in (*directories, *files):
            status = os.lstat(os.path.join(folder, name))
            seen[status.st_ino] = status.st_blocks * 512
    return sum(seen.values()), len(seen)
