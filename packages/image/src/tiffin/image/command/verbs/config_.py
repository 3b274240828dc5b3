"""`tiffin-image config`: an image with another config, and the same layers."""

from __future__ import annotations

from contextlib import ExitStack

import click

from tiffin.image.command.bundle_places import layout_place, with_tag
from tiffin.image.command.completing import image_names
from tiffin.image.command.config_options import config_options
from tiffin.image.command.history_options import history_options
from tiffin.image.command.options import Verb, platform_option
from tiffin.image.command.registry_options import registry_options
from tiffin.image.command.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.bundles.config_changes import ConfigChanges
    from tiffin.image.bundles.history import HistoryEntry
    from tiffin.image.documents import Platform
    from tiffin.image.transports.access import RegistryAccess


@click.command("config", cls=Verb)
@click.argument("words", nargs=-1, metavar="IMAGE [DST]", shell_complete=image_names)
@click.option(
    "--image", default="", metavar="PATH[:TAG]", help="A layout in place of IMAGE, as umoci has it."
)
@click.option("--tag", default="", metavar="TAG", help="With --image: what the new image is called there.")
@config_options
@history_options("tiffin config")
@platform_option
@registry_options()
@click.pass_obj
def config(
    session: Session, *, words: tuple[str, ...], image: str, tag: str, changes: ConfigChanges,
    history: HistoryEntry | None, source_date_epoch: int | None, platform: Platform | None, access: RegistryAccess,
) -> None:  # fmt: skip
    """Changes the config of the image at a place, writes it there or to DST, and prints its digest.

    Of an index with several images one is changed, and must go to a DST: in place it would be all that is left.
    """
    start, end = _places(words, image, tag)
    from tiffin.image.bundles.config_editing import change_config
    from tiffin.image.bundles.source_image import check_alone
    from tiffin.image.transfer.copy import copy_image
    from tiffin.image.transfer.options import CopyOptions
    from tiffin.image.transports.opening import open_destination, open_source

    with ExitStack() as stack:
        reached = session.access(access)
        source = open_source(start, stack, reached)
        if start == end:
            check_alone(source)
        edited = change_config(
            source, changes, platform=platform, history=history, source_date_epoch=source_date_epoch
        )
        place, demands = open_destination(end, stack, reached)
        made = copy_image(edited, place, demands.applied(CopyOptions(), end))
    print(made.digest)


def _places(words: tuple[str, ...], image: str, tag: str) -> tuple[str, str]:
    """Where from and where to. Raises UsageError."""
    if image:
        if words:
            raise click.UsageError("give --image, or IMAGE and DST")
        place = layout_place(image)
        return place, with_tag(place, tag) if tag else place
    if tag or not 1 <= len(words) <= 2:
        raise click.UsageError("expected IMAGE, and maybe DST; --tag belongs to --image")
    return words[0], words[-1]
