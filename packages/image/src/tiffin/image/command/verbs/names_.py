"""`tiffin-image list`, `tag`, `untag` and `remove`: the names of images in the local store."""

from __future__ import annotations

import time

import click

from tiffin.image.command.completing import image_names
from tiffin.image.command.options import Verb, json_option
from tiffin.image.command.output import print_json, print_table
from tiffin.image.command.session import Session
from tiffin.image.command.units import age_text, bytes_text
from tiffin.image.errors import FailedPrecondition, ImageFailure, InvalidReference
from tiffin.image.store.names import PINNED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiffin.image.command.listing import ListedImage
    from tiffin.image.metadata.protocol import StoredName
    from tiffin.image.store.store import Store

HEADINGS = ("NAME", "DIGEST", "CREATED", "CONTENT", "UNPACKED")
SHORT = 12  # digits of a digest, as Docker shows it


@click.command("list", cls=Verb)
@click.argument("images", nargs=-1, metavar="[NAME]...", shell_complete=image_names)
@click.option("--quiet", "-q", is_flag=True, help="The names only.")
@click.option("--digests", is_flag=True, help="Digests in full.")
@json_option
@click.pass_obj
def list_images(
    session: Session, *, images: tuple[str, ...], quiet: bool, digests: bool, as_json: bool
) -> None:
    """Lists the images of the local store: what their content takes of the disk, and their layers unpacked."""
    from tiffin.image.command.listing import listed
    from tiffin.image.transports.store_names import find_names

    store = session.store()
    wanted = {found.name for image in images for found in find_names(store, image)}
    found = [image for image in listed(store) if not images or image.name in wanted]
    if as_json:
        print_json([image.tree() for image in found])
    elif quiet:
        for image in found:
            print(image.name)
    else:
        print_table(HEADINGS, [_row(image, digests=digests) for image in found])


def _row(image: ListedImage, *, digests: bool) -> tuple[str, ...]:
    digest = image.digest if digests else image.digest.partition(":")[2][:SHORT]
    age = age_text(time.time() - image.created) if image.created is not None else ""
    content = bytes_text(image.content) if image.content is not None else "on disk"
    return image.name, digest, age, content, bytes_text(image.unpacked) if image.unpacked is not None else ""


@click.command("tag", cls=Verb)
@click.argument("image", metavar="NAME", shell_complete=image_names)
@click.argument("names", nargs=-1, required=True, metavar="NEW...")
@click.pass_obj
def tag(session: Session, *, image: str, names: tuple[str, ...]) -> None:
    """Gives an image more names; one that another image has is taken from it."""
    from tiffin.image.transports.names import full_name
    from tiffin.image.transports.store_names import find_name

    store = session.store()
    full = [full_name(name) for name in names]
    for name in full:
        if "@" in name:
            raise InvalidReference(f"{name!r} says which digest it is of: a name that is given has none")
    found = find_name(store, image)
    labels = {name: value for name, value in found.labels.items() if name != PINNED[0]}
    for name in full:
        store.images.put(name, found.target, labels=labels)


@click.command("untag", cls=Verb)
@click.argument("images", nargs=-1, required=True, metavar="NAME...", shell_complete=image_names)
@click.pass_obj
def untag(session: Session, *, images: tuple[str, ...]) -> None:
    """Takes names away; what no other name keeps goes with the next `prune` or `remove`."""
    from tiffin.image.transports.store_names import find_name

    store = session.store()
    for found in [find_name(store, image) for image in images]:
        store.images.delete(found.name)


@click.command("remove", cls=Verb)
@click.argument("images", nargs=-1, metavar="[NAME]...", shell_complete=image_names)
@click.option("--all", "-a", "whole", is_flag=True, help="All that no container uses and nobody has pinned.")
@click.option(
    "--force",
    "-f",
    is_flag=True,
    help="Those too that a container uses, whose files stay as long as it, and those that are pinned.",
)
@click.pass_obj
def remove(session: Session, *, images: tuple[str, ...], whole: bool, force: bool) -> None:
    """Removes images from the local store: their names, and what nothing else keeps. Prints the names.

    An image that is named by its digest loses all of its names.
    """
    from tiffin.image.store.containers import roots_of, used_chains

    if bool(images) == whole:
        raise click.UsageError("give names, or --all")
    store = session.store()
    with used_chains(store) as used:
        failures: list[ImageFailure] = []
        for name in [one.name for one in store.images.list()] if whole else images:
            try:
                _remove(store, name, None if force else used)
            except ImageFailure as error:
                if not (whole and isinstance(error, FailedPrecondition)):
                    failures.append(error)
        store.collect(roots_of(store, used))
    if failures:
        for failure in failures[1:]:
            failures[0].add_note(str(failure))
        raise failures[0]


def _remove(store: Store, text: str, used: Mapping[str, str] | None) -> None:
    """used: the chain ids that must stay, with their containers; None if nothing must."""
    from tiffin.image.transports.store_names import find_names

    found = find_names(store, text)
    for one in found if used is not None else ():
        _check_unused(store, one, used or {})
    for one in found:
        store.images.delete(one.name)
        print(one.name)


def _check_unused(store: Store, image: StoredName, used: Mapping[str, str]) -> None:
    """Raises FailedPrecondition."""
    from tiffin.image.command.unpacked import chain_of

    if image.labels.get(PINNED[0]) == PINNED[1]:
        raise FailedPrecondition(f"{image.name!r} is pinned: unpin it, or remove it with --force")
    container = used.get(chain_of(store, image)) if used else None
    if container:
        raise FailedPrecondition(
            f"the container {container!r} uses {image.name!r}: `tiffin rm {container}` removes it, --force the name"
        )
