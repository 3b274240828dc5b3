"""`tiffin-image save` and `load`: images of the local store to files, and back."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import click

from tiffin.image.command.completing import image_names
from tiffin.image.command.options import Verb, platform_option, quiet_option
from tiffin.image.command.progress import reported
from tiffin.image.command.session import Session
from tiffin.image.errors import InvalidReference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.image.command.contained import ContainedImage
    from tiffin.image.documents import Platform
    from tiffin.image.store.store import Store
    from tiffin.image.transfer.events import Report

FORMATS = ("docker-archive", "oci-archive", "oci", "dir")


@click.command("save", cls=Verb)
@click.argument("images", nargs=-1, required=True, metavar="NAME...", shell_complete=image_names)
@click.option(
    "--output", "-o", default="", metavar="PATH", type=click.Path(), help="Where to; stdout by default."
)
@click.option("--format", "form", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True,
              help="Several images fit into a docker-archive only.")  # fmt: skip
@platform_option
@quiet_option
@click.pass_obj
def save(
    session: Session,
    *,
    images: tuple[str, ...],
    output: str,
    form: str,
    platform: Platform | None,
    quiet: bool,
) -> None:
    """Writes images of the local store to a file, which other programs can load."""
    if len(images) > 1 and form != FORMATS[0]:
        raise click.UsageError(f"--format {form} takes one image")
    if not output and not form.endswith("archive"):
        raise click.UsageError(f"--format {form} is a folder: add --output")
    if not output and sys.stdout.isatty():
        raise click.UsageError("an archive is nothing for a terminal: add --output, or redirect it")
    _save(session, images, output, form, platform, quiet=quiet)


def _save(
    session: Session, images: Sequence[str], path: str, form: str, platform: Platform | None, *, quiet: bool
) -> None:
    from tiffin.image.command.saving import destinations
    from tiffin.image.transfer.copy import copy_image
    from tiffin.image.transfer.options import CopyOptions
    from tiffin.image.transports.store_names import find_name
    from tiffin.image.transports.store_source import StoreSource

    store = session.store()
    names = list(dict.fromkeys(find_name(store, image).name for image in images))
    with ExitStack() as stack:
        places, demands = destinations(form, path, names, stack)
        report = stack.enter_context(reported(quiet=quiet))
        for name, place in zip(names, places, strict=True):
            options = demands.applied(CopyOptions(platform=platform), path or "stdout")
            copy_image(StoreSource(store, name), place, options, report)


@click.command("load", cls=Verb)
@click.option(
    "--input",
    "-i",
    "path",
    default="-",
    metavar="PATH",
    type=click.Path(),
    help="Where from; stdin by default.",
)
@click.option(
    "--name", default="", metavar="NAME", help="What the one image is called; or of those with a tag alone."
)
@platform_option
@quiet_option
@click.pass_obj
def load(session: Session, *, path: str, name: str, platform: Platform | None, quiet: bool) -> None:
    """Takes all images of a file into the local store, unpacks them, and prints their names.

    The file is what `docker save` and `podman save` write, an OCI layout, or an archive of one.
    """
    from tiffin.image.command.contained import opened, opened_stream

    if path == "-" and sys.stdin.isatty():
        raise click.UsageError("there is no archive on a terminal: add --input")
    with ExitStack() as stack:
        file = opened_stream(sys.stdin.buffer, stack) if path == "-" else opened(path, stack)
        images = file.images()
        named = [(image, _names(image, name, alone=len(images) == 1)) for image in images]
        store = session.store_to_unpack()
        report = stack.enter_context(reported(quiet=quiet))
        for image, names in named:
            _load(store, image, names, platform, report)
            for each in names:
                print(f"Loaded image: {each}", flush=True)


def _names(image: ContainedImage, given: str, *, alone: bool) -> list[str]:
    """The names in the store. A tag alone, as layouts have it, needs a repository. Raises InvalidReference."""
    from tiffin.image.transports.store_names import with_defaults

    if given and alone:
        return [with_defaults(given)]
    found = []
    for name in image.names:
        if "/" not in name and ":" not in name:
            if not given:
                raise InvalidReference(
                    f"an image has only the tag {name!r}: say with --name of which repository"
                )
            name = f"{given}:{name}"  # noqa: PLW2901
        found.append(with_defaults(name))
    if not found:
        raise InvalidReference(f"{image.source.name!r} has no name: copy it alone, with tiffin-image copy")
    return found


def _load(
    store: Store, image: ContainedImage, names: Sequence[str], platform: Platform | None, report: Report
) -> None:
    from tiffin.image.pull.pull import PullOptions, pull

    pulled = pull(image.source, store, names[0], PullOptions(platform=platform), report)
    labels = store.images.get(pulled.name).labels
    for name in names[1:]:
        store.images.put(name, pulled.target, labels=labels)
