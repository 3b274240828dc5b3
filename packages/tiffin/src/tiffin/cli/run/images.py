"""The image of a container: found by what the user wrote, verified, and unpacked to the store once."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

from tiffin.image.platforms import parse as parse_platform
from tiffin.image.transports import open_image
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.cli.parse import Arguments
    from tiffin.cli.run.host import Host

HELLO = "hello"


class Stored(Record):
    """An unpacked image. name: what the user called it. config: the `config` of the image's config."""

    name: str
    rootfs: str
    chain_id: str
    config: dict[str, Any]

    def stop_signal(self, arguments: Arguments) -> str:
        """The signal that ends the container, as a number or a name."""
        return arguments.text("stop-signal") or self.config.get("StopSignal") or "SIGTERM"


def hello_layout() -> str:
    """The image that ships inside of this package."""
    return os.path.join(os.path.dirname(__file__).removesuffix("/run"), "images", HELLO)


def open_stored(arguments: Arguments, host: Host) -> Stored:
    """Finds the image, and unpacks it if this has not been done yet.

    Raises:
        ImageFailure, OSError: as `open_image` and `Store.ensure`.
    """
    name = arguments.words[0]
    path = hello_layout() if name == HELLO else name  # ./hello is a path
    platform = parse_platform(arguments.text("platform")) if arguments.given("platform") else None
    with ExitStack() as stack:
        image = open_image(path, stack, platform).replace(name=name)
        stored = host.store.find(image)
        if stored is None:
            stored = host.store.ensure(image)
            for what, count in stored.left_out.items():
                print(f"tiffin: {name}: left out without root: {count} {what}", file=sys.stderr)
    return Stored(name, stored.rootfs, stored.chain_id, image.config.tree.get("config") or {})
