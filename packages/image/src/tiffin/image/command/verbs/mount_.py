"""`tiffin-image mount` and `unmount`: the files of an image, at a folder."""

from __future__ import annotations

import os

import click

from tiffin.image.command.completing import image_names
from tiffin.image.command.options import Verb, json_option
from tiffin.image.command.output import print_json, print_table
from tiffin.image.command.session import Session
from tiffin.image.errors import Unsupported

HEADINGS = ("IMAGE", "PLACE", "WRITABLE")


@click.command("mount", cls=Verb)
@click.argument("words", nargs=-1, metavar="[NAME DIR]", shell_complete=image_names)
@click.option("--rw", "writable", is_flag=True, help="Writable; what is written is lost with the mount.")
@json_option
@click.pass_obj
def mount(session: Session, *, words: tuple[str, ...], writable: bool, as_json: bool) -> None:
    """Mounts an image of the local store at a folder, read-only; without arguments lists what is mounted."""
    if not words:
        _list(session, as_json=as_json)
        return
    if len(words) != 2:
        raise click.UsageError(
            "expected NAME and DIR, the folder where the image shall be mounted; or neither"
        )
    image, place = words
    from tiffin.image.command.mounting import mount_image
    from tiffin.image.command.unpacked import chain_for
    from tiffin.image.store.rootless import is_needed
    from tiffin.image.transports.store_names import find_name

    if is_needed():
        raise Unsupported(
            "without root nobody else would see the mount; `tiffin-image unpack` writes the files to a folder"
        )
    store = session.store()
    name = find_name(store, image).name
    mount_image(store, name, chain_for(store, name), os.path.realpath(place), writable=writable)


def _list(session: Session, *, as_json: bool) -> None:
    from tiffin.image.command.mounting import mounted_images

    found = list(mounted_images(session.store()))
    if as_json:
        print_json([{"image": one.image, "place": one.place, "writable": one.writable} for one in found])
    else:
        print_table(HEADINGS, [(one.image, one.place, "yes" if one.writable else "no") for one in found])


@click.command("unmount", cls=Verb)
@click.argument("places", nargs=-1, metavar="[DIR]...")
@click.option("--all", "-a", "whole", is_flag=True, help="All that are mounted.")
@click.pass_obj
def unmount(session: Session, *, places: tuple[str, ...], whole: bool) -> None:
    """Unmounts images."""
    from tiffin.image.command.mounting import unmount_all, unmount_image

    if bool(places) == whole:
        raise click.UsageError("give folders, or --all")
    store = session.store()
    if whole:
        unmount_all(store)
    for place in map(os.path.realpath, places):
        unmount_image(store, place)
