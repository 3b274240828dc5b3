"""`tiffin-image pull` and `push`: between a registry and the local store."""

from __future__ import annotations

from contextlib import ExitStack

import click

from tiffin.image.command.completing import image_names
from tiffin.image.command.copy_options import copy_options
from tiffin.image.command.copying import copy_between, write_digest
from tiffin.image.command.options import Verb, platform_option, quiet_option
from tiffin.image.command.progress import reported
from tiffin.image.command.registry_options import registry_options
from tiffin.image.command.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Platform
    from tiffin.image.transfer.options import CopyOptions
    from tiffin.image.transports.access import RegistryAccess

REGISTRY = "docker://"
PLACES = (REGISTRY, "oci:", "oci-archive:", "docker-archive:", "dir:", "tiffin:")


@click.command("pull", cls=Verb)
@click.argument("image", metavar="NAME|PLACE")
@click.option("--name", default="", metavar="NAME", help="What it is called in the store, if not NAME.")
@click.option(
    "--all", "-a", "whole", is_flag=True, help="All images of an index, not only that for the platform."
)
@click.option("--no-unpack", "packed", is_flag=True, help="Fetch it, but do not unpack its layers.")
@platform_option
@quiet_option
@registry_options()
@click.pass_obj
def pull(
    session: Session, *, image: str, name: str, whole: bool, packed: bool, platform: Platform | None, quiet: bool,
    access: RegistryAccess,
) -> None:  # fmt: skip
    """Pulls an image into the local store, unpacks it so that it can be run, and prints its name and digest.

    What is there already is not fetched, and what an earlier pull that was killed has fetched is gone on with.
    """
    from tiffin.image.pull.pull import PullOptions
    from tiffin.image.pull.pull import pull as pull_image
    from tiffin.image.transfer.copy import copy_image
    from tiffin.image.transfer.options import CopyOptions
    from tiffin.image.transports.opening import open_destination, open_source

    place = image if image.startswith(PLACES) else f"{REGISTRY}{image}"
    full = _stored_name(name or image, place)
    store = session.store_to_unpack()
    with ExitStack() as stack:
        reached = session.access(access)
        source = open_source(place, stack, reached)
        report = stack.enter_context(reported(quiet=quiet))
        target = source.resolve()
        if whole:
            destination, _ = open_destination(f"tiffin:{full}", stack, reached)
            copy_image(source, destination, CopyOptions(all=True), report)
        if not (whole and packed):
            pull_image(source, store, full, PullOptions(platform=platform, unpack=not packed), report)
    print(f"{full} {target.digest}")


def _stored_name(name: str, place: str) -> str:
    """The name in the store. Raises UsageError where the place says none."""
    from tiffin.image.transports.names import full_name

    if name.startswith(PLACES) and not name.startswith(REGISTRY):
        raise click.UsageError(f"{place!r} does not say what the image is called: add --name")
    return full_name(name)


@click.command("push", cls=Verb)
@click.argument("image", metavar="NAME", shell_complete=image_names)
@click.argument("destination", default="", metavar="[DST]")
@copy_options
@quiet_option
@registry_options()
@click.pass_obj
def push(
    session: Session, *, image: str, destination: str, options: CopyOptions, digestfile: str | None, quiet: bool,
    access: RegistryAccess,
) -> None:  # fmt: skip
    """Pushes an image of the local store to a registry, under its own name or as DST."""
    from tiffin.image.transports.store_names import find_name

    target = destination or find_name(session.store(), image).name
    place = target if target.startswith(PLACES) else f"{REGISTRY}{target}"
    copied = copy_between(f"tiffin:{image}", place, options, (access, access), session, quiet=quiet)
    write_digest(digestfile, copied)
