"""`tiffin-image copy`: an image, or all images of an index, from one place to another."""

from __future__ import annotations

from contextlib import ExitStack

import click

from tiffin.image.command.options import Verb, platform_option, quiet_option, registry_options
from tiffin.image.command.progress import reported
from tiffin.image.command.session import Session
from tiffin.image.transfer.options import COMPRESSIONS, FORMATS, PARALLEL, CopyOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Descriptor, Platform
    from tiffin.image.transports.access import RegistryAccess


@click.command("copy", cls=Verb)
@click.argument("source", metavar="SRC")
@click.argument("destination", metavar="DST")
@click.option(
    "--all", "-a", "whole", is_flag=True, help="All images of an index, not only that for the platform."
)
@click.option(
    "--format", "-f", "form", type=click.Choice(FORMATS), help="Of the manifest at the destination."
)
@click.option("--dest-compress-format", "compression", type=click.Choice(COMPRESSIONS), help="Of the layers.")
@click.option(
    "--dest-compress-level", "level", type=click.IntRange(1, 22), default=None, help="How hard to try."
)
@click.option("--preserve-digests", is_flag=True, help="Fail rather than change a digest.")
@click.option("--referrers", is_flag=True, help="Signatures and other things that refer to the image too.")
@click.option(
    "--digestfile", type=click.Path(dir_okay=False), help="Write the digest at the destination there."
)
@click.option(
    "--authfile", default="", metavar="FILE", type=click.Path(), help="Credentials for both registries."
)
@click.option(
    "--parallel", type=click.IntRange(1, 64), default=PARALLEL, show_default=True, help="Blobs at a time."
)
@platform_option
@quiet_option
@registry_options("src_", "the source")
@registry_options("dest_", "the destination")
@click.pass_obj
def copy(
    session: Session, *, source: str, destination: str, whole: bool, form: str | None, compression: str | None,
    level: int | None, preserve_digests: bool, referrers: bool, digestfile: str | None, authfile: str, parallel: int,
    platform: Platform | None, quiet: bool, src_access: RegistryAccess, dest_access: RegistryAccess,
) -> None:  # fmt: skip
    """Copies an image from SRC to DST, two places of images (see `tiffin-image --help`).

    What the destination has already is not sent, and a manifest that need not change keeps its digest.
    """
    options = CopyOptions(
        all=whole, platform=platform, format=form or "", compression=compression or "", level=level or 0,
        referrers=referrers, preserve=preserve_digests, parallel=parallel,
    )  # fmt: skip
    accesses = (
        src_access.replace(file=src_access.file or authfile),
        dest_access.replace(file=dest_access.file or authfile),
    )
    copied = copy_between(source, destination, options, accesses, session, quiet=quiet)
    if digestfile:
        from tiffin.image.transports.unfinished import write_whole

        write_whole(digestfile, copied.digest.encode())


def copy_between(
    source: str,
    destination: str,
    options: CopyOptions,
    accesses: tuple[RegistryAccess, RegistryAccess],
    session: Session,
    *,
    quiet: bool,
) -> Descriptor:
    """Copies from one place to another, and tells of the progress; the descriptor at the destination."""
    from tiffin.image.transfer.copy import copy_image
    from tiffin.image.transports.opening import open_destination, open_source

    with ExitStack() as stack:
        start = open_source(source, stack, session.access(accesses[0]))
        place, demands = open_destination(destination, stack, session.access(accesses[1]))
        with reported(quiet=quiet) as report:
            return copy_image(start, place, demands.applied(options, destination), report)
