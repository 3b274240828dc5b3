"""`tiffin-image unpack` and `repack`: an image to a runtime bundle, and back with what was changed in it."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import click

from tiffin.image.command.bundle_places import absolute_place, arguments, id_maps
from tiffin.image.command.completing import image_names
from tiffin.image.command.history_options import history_options
from tiffin.image.command.options import Verb, platform_option, quiet_option
from tiffin.image.command.progress import reported
from tiffin.image.command.registry_options import registry_options
from tiffin.image.command.session import Session
from tiffin.image.transfer.options import COMPRESSIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.bundles.history import HistoryEntry
    from tiffin.image.documents import Platform
    from tiffin.image.transports.access import RegistryAccess


@click.command("unpack", cls=Verb)
@click.argument("words", nargs=-1, metavar="IMAGE BUNDLE", shell_complete=image_names)
@click.option(
    "--image", default="", metavar="PATH[:TAG]", help="A layout in place of IMAGE, as umoci has it."
)
@click.option(
    "--uid-map", multiple=True, metavar="CONTAINER:HOST:SIZE", help="Other owners; may be repeated."
)
@click.option(
    "--gid-map", multiple=True, metavar="CONTAINER:HOST:SIZE", help="Other groups; may be repeated."
)
@click.option("--rootless", is_flag=True, help="All files belong to the caller, as always without root.")
@platform_option
@registry_options()
@click.pass_obj
def unpack(
    session: Session, *, words: tuple[str, ...], image: str, uid_map: tuple[str, ...], gid_map: tuple[str, ...],
    rootless: bool, platform: Platform | None, access: RegistryAccess,
) -> None:  # fmt: skip
    """Unpacks the image at a place to a new runtime bundle: a folder with config.json and rootfs.

    What was changed there becomes a layer by `repack`.
    """
    place, target = arguments(words, image, ("IMAGE", "BUNDLE"), 0)
    maps = id_maps(uid_map, gid_map)
    from tiffin.image.bundles.unpacking import UnpackOptions, unpack_bundle
    from tiffin.image.layers.owners import Ownership
    from tiffin.image.transports.opening import open_source

    options = UnpackOptions(platform, Ownership.SQUASH if rootless else None, maps)
    with ExitStack() as stack:
        source = open_source(absolute_place(place), stack, session.access(access, as_caller=True))
        bundle = unpack_bundle(source, target, options)
    for what, count in bundle.left_out.items():
        print(f"tiffin-image unpack: left out without root: {count} {what}", file=sys.stderr)


@click.command("repack", cls=Verb)
@click.argument("words", nargs=-1, metavar="BUNDLE DST")
@click.option(
    "--image", default="", metavar="PATH[:TAG]", help="The layout in place of DST, as umoci has it."
)
@click.option(
    "--from",
    "origin",
    default="",
    metavar="PLACE",
    help="Where the image is that was unpacked, if it was moved.",
)
@click.option(
    "--mask-path", "masks", multiple=True, metavar="PATH", help="Take no changes below it; may be repeated."
)
@click.option("--no-mask-volumes", is_flag=True, help="Take those below the image's volumes too.")
@click.option("--refresh-bundle", is_flag=True, help="The bundle is then one of the new image.")
@click.option(
    "--compress-format",
    type=click.Choice(COMPRESSIONS),
    default="gzip",
    show_default=True,
    help="Of the new layer.",
)
@click.option("--compress-level", type=click.IntRange(1, 22), default=None, help="How hard to try.")
@history_options("tiffin repack")
@quiet_option
@registry_options()
@click.pass_obj
def repack(
    session: Session, *, words: tuple[str, ...], image: str, origin: str, masks: tuple[str, ...], no_mask_volumes: bool,
    refresh_bundle: bool, compress_format: str, compress_level: int | None, history: HistoryEntry | None,
    source_date_epoch: int | None, quiet: bool, access: RegistryAccess,
) -> None:  # fmt: skip
    """Makes an image of a bundle, with what was changed in it as a new layer, and prints its digest."""
    path, destination = arguments(words, image, ("BUNDLE", "DST"), 1)
    from tiffin.image.bundles.bundle import read_bundle
    from tiffin.image.bundles.repacking import RepackOptions, refresh, repacked
    from tiffin.image.bundles.source_image import check_alone
    from tiffin.image.transfer.copy import copy_image
    from tiffin.image.transfer.options import CopyOptions
    from tiffin.image.transports.opening import open_destination, open_source

    bundle = read_bundle(path)
    options = RepackOptions(
        compress_format, compress_level or 0, masks, not no_mask_volumes, history, source_date_epoch
    )
    with ExitStack() as stack:
        reached = session.access(access, as_caller=True)
        source = open_source(origin or bundle.name, stack, reached)
        if absolute_place(destination) == bundle.name:
            check_alone(source)
        place, demands = open_destination(destination, stack, reached)
        made = stack.enter_context(repacked(bundle, source, options))
        report = stack.enter_context(reported(quiet=quiet))
        copied = copy_image(made.image, place, demands.applied(CopyOptions(), destination), report)
        if refresh_bundle:
            refresh(bundle, absolute_place(destination), copied)
    if made.layer is None:
        print("tiffin-image repack: nothing was changed: the image is the old one", file=sys.stderr)
    print(copied.digest)
