"""The image of a container: found by what the user wrote, pulled if need be, and unpacked to the store once.

hello             the image that ships with this package
PATH, oci:PATH    an image on disk; it stays where it is, only its layers are unpacked to the store
NAME[:TAG]        an image of the store, by the name that `tiffin-image list` shows; else of its registry
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

from tiffin.cli.parse import UsageError
from tiffin.image.errors import InvalidReference, NotFound
from tiffin.image.platforms import host_platform, rank
from tiffin.image.platforms import parse as parse_platform
from tiffin.image.reference import is_on_disk
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.cli.parse import Arguments
    from tiffin.cli.run.host import Host
    from tiffin.image.documents import ImageConfig, Platform
    from tiffin.image.pull.pull import PulledImage
    from tiffin.image.store.store import Store
    from tiffin.image.store.unpacked import UnpackedImage

HELLO = "hello"
ALWAYS, MISSING, NEVER = PULL = ("always", "missing", "never")


class Stored(Record):
    """An unpacked image. name: what the user called it. config: the `config` of the image's config."""

    name: str
    unpacked: UnpackedImage
    config: dict[str, Any]

    def stop_signal(self, arguments: Arguments) -> str:
        """The signal that ends the container, as a number or a name."""
        return arguments.text("stop-signal") or self.config.get("StopSignal") or "SIGTERM"


def hello_layout() -> str:
    """The image that ships inside of this package."""
    return os.path.join(os.path.dirname(__file__).removesuffix("/run"), "images", HELLO)


def open_stored(arguments: Arguments, host: Host) -> Stored:
    """Finds the image; pulls and unpacks it if this has not been done yet.

    Raises:
        UsageError: for a policy that there is none of.
        ImageFailure, OSError: as `open_image`, `unpack_image` and `pull`.
    """
    name = arguments.words[0]
    policy = arguments.text("pull", MISSING)
    if policy not in PULL:
        raise UsageError(f"--pull: expected one of {', '.join(PULL)}, not {policy!r}")
    platform = parse_platform(arguments.text("platform")) if arguments.given("platform") else None
    if name == HELLO:
        config, unpacked = _from_disk(host.store, hello_layout(), name, platform)
    elif is_on_disk(name):  # ./hello is a path
        config, unpacked = _from_disk(host.store, name, name, platform)
    else:
        config, unpacked = _from_store(host.store, name, platform, policy)
    return Stored(name, unpacked, config.tree.get("config") or {})


def _from_disk(
    store: Store, path: str, name: str, platform: Platform | None
) -> tuple[ImageConfig, UnpackedImage]:
    from tiffin.image.store.unpacked import find_unpacked
    from tiffin.image.transports import open_image

    with ExitStack() as stack:
        image = open_image(path, stack, platform).replace(name=name)
        found = find_unpacked(store, image.config.diff_ids)
        if found is not None:
            return image.config, found
        from tiffin.image.store.names import name_unpacked
        from tiffin.image.store.unpacking import unpack_image

        leased = stack.enter_context(store.leased())
        unpacked = unpack_image(leased, image)
        name_unpacked(leased, image, unpacked)
    _tell_left_out(name, unpacked)
    return image.config, unpacked


def _from_store(
    store: Store, name: str, platform: Platform | None, policy: str
) -> tuple[ImageConfig, UnpackedImage]:
    from tiffin.image.store.names import find_named, likely_name

    found = None if policy == ALWAYS else find_named(store, likely_name(name))
    if found is not None and _fits(found[0], platform):
        return found
    full = _full(name)
    found = None if policy == ALWAYS else find_named(store, full) or _unpacked(store, full, platform)
    if found is not None and _fits(found[0], platform):
        return found
    if policy == NEVER:
        raise NotFound(f"there is no image {full!r} in the store, and --pull=never says to look nowhere else")
    return _pull(store, full, platform)


def _fits(config: ImageConfig, platform: Platform | None) -> bool:
    return rank(config.platform, platform or host_platform()) is not None


def _full(name: str) -> str:
    from tiffin.image.transports.names import full_name

    try:
        return full_name(name)
    except InvalidReference as error:
        raise NotFound(f"{name!r} is neither the path of an image nor the name of one: {error}") from error


def _unpacked(store: Store, full: str, platform: Platform | None) -> tuple[ImageConfig, UnpackedImage] | None:
    """An image that is in the store, but whose layers are not unpacked (any more); None if it is not there either."""
    from tiffin.image.pull.pull import PullOptions, pull
    from tiffin.image.transports.store_source import StoreSource

    try:
        pulled = pull(StoreSource(store, full), store, full, PullOptions(platform=platform))
    except NotFound:
        return None
    return pulled.config, _of(pulled)


def _pull(store: Store, full: str, platform: Platform | None) -> tuple[ImageConfig, UnpackedImage]:
    from tiffin.image.pull.pull import PullOptions, pull
    from tiffin.image.transports.opening import open_source

    print(f"tiffin: pulling {full}", file=sys.stderr)
    with ExitStack() as stack:
        source = open_source(f"docker://{full}", stack)
        pulled = pull(source, store, full, PullOptions(platform=platform))
    unpacked = _of(pulled)
    _tell_left_out(full, unpacked)
    return pulled.config, unpacked


def _of(pulled: PulledImage) -> UnpackedImage:
    if pulled.unpacked is None:
        raise AssertionError("what is pulled to be run is unpacked")
    return pulled.unpacked


def _tell_left_out(name: str, unpacked: UnpackedImage) -> None:
    for what, count in unpacked.left_out.items():
        print(f"tiffin: {name}: left out without root: {count} {what}", file=sys.stderr)
