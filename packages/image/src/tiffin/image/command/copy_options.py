"""Options on how an image is copied, as skopeo calls them; or on how one that is made here is written."""

from __future__ import annotations

from functools import wraps

import click

from tiffin.image.command.options import NewFile, platform_option, platform_option_for
from tiffin.image.transfer.options import COMPRESSIONS, FORMATS, PARALLEL, CopyOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from tiffin.image.documents import Platform

    Function = Callable[..., Any]
    Decorator = Callable[[Function], Function]

# by the fields of CopyOptions
WRITING: Mapping[str, Decorator] = {
    "format": click.option("--format", "-f", "format", type=click.Choice(FORMATS), default=None,
                           help="Of the manifest at the destination."),
    "compression": click.option("--dest-compress-format", "compression", type=click.Choice(COMPRESSIONS),
                                default=None, help="Of the layers."),
    "level": click.option("--dest-compress-level", "level", type=click.IntRange(1, 22), default=None,
                          help="How hard to try."),
    "parallel": click.option("--parallel", type=click.IntRange(1, 64), default=PARALLEL, show_default=True,
                             help="Blobs at a time."),
}  # fmt: skip
CHOOSING: Mapping[str, Decorator] = {
    "all": click.option("--all", "-a", "all", is_flag=True,
                        help="All images of an index, not only that for the platform."),
    "preserve": click.option("--preserve-digests", "preserve", is_flag=True, help="Fail rather than change a digest."),
    "referrers": click.option("--referrers", is_flag=True,
                              help="Signatures and other things that refer to the image too."),
}  # fmt: skip
DIGEST_FILE: Decorator = click.option(
    "--digestfile", default=None, type=NewFile(), help="Write the digest at the destination there."
)
UNSAID: Decorator = platform_option_for(
    "What it runs on, if it does not say that itself; this machine by default."
)


def copy_options(function: Function) -> Function:
    """How to copy; the function gets it as `options`, and the file of `--digestfile` as `digestfile`."""
    return platform_option(_options(function, {**CHOOSING, **WRITING}))


def new_image_options(function: Function) -> Function:
    """How to write what is made here; the function gets the same."""
    return UNSAID(_options(function, WRITING))


def _options(function: Function, parts: Mapping[str, Decorator]) -> Function:
    @wraps(function)
    def called(*arguments: Any, platform: Platform | None, **given: Any) -> Any:
        values = {name: given.pop(name) for name in parts}
        options = CopyOptions(
            platform=platform, **{name: value for name, value in values.items() if value is not None}
        )
        return function(*arguments, **given, options=options)

    decorated: Function = called
    for part in (DIGEST_FILE, *reversed([*parts.values()])):
        decorated = part(decorated)
    return decorated
