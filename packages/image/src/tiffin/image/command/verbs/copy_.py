"""`tiffin-image copy`: an image, or all images of an index, from one place to another."""

from __future__ import annotations

import click

from tiffin.image.command.copy_options import copy_options
from tiffin.image.command.copying import copy_between, write_digest
from tiffin.image.command.options import Verb, quiet_option
from tiffin.image.command.registry_options import registry_options
from tiffin.image.command.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.transfer.options import CopyOptions
    from tiffin.image.transports.access import RegistryAccess


@click.command("copy", cls=Verb)
@click.argument("source", metavar="SRC")
@click.argument("destination", metavar="DST")
@copy_options
@click.option(
    "--authfile", default="", metavar="FILE", type=click.Path(), help="Credentials for both registries."
)
@quiet_option
@registry_options("src_", "the source")
@registry_options("dest_", "the destination")
@click.pass_obj
def copy(
    session: Session, *, source: str, destination: str, options: CopyOptions, digestfile: str | None, authfile: str,
    quiet: bool, src_access: RegistryAccess, dest_access: RegistryAccess,
) -> None:  # fmt: skip
    """Copies an image from SRC to DST, two places of images (see `tiffin-image --help`).

    What the destination has already is not sent, and a manifest that need not change keeps its digest.
    """
    accesses = (
        src_access.replace(file=src_access.file or authfile),
        dest_access.replace(file=dest_access.file or authfile),
    )
    write_digest(digestfile, copy_between(source, destination, options, accesses, session, quiet=quiet))
