"""`tiffin-image import-aci`: an app container image, as rkt had them, becomes an image of OCI."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import click

from tiffin.image.command.copy_options import new_image_options
from tiffin.image.command.copying import write_digest
from tiffin.image.command.options import Verb, quiet_option
from tiffin.image.command.output import harmless
from tiffin.image.command.progress import reported
from tiffin.image.command.registry_options import registry_options
from tiffin.image.command.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.transfer.options import CopyOptions
    from tiffin.image.transports.access import RegistryAccess


@click.command("import-aci", cls=Verb)
@click.argument("file", metavar="FILE")
@click.argument("destination", metavar="DST")
@click.option("--dependency", "dependencies", multiple=True, type=click.Path(), metavar="PATH",
              help="An image that it depends on, or a folder with such files; may be repeated.")  # fmt: skip
@new_image_options
@quiet_option
@registry_options("dest_", "the destination")
@click.pass_obj
def import_aci(
    session: Session, *, file: str, destination: str, dependencies: tuple[str, ...], options: CopyOptions,
    digestfile: str | None, quiet: bool, dest_access: RegistryAccess,
) -> None:  # fmt: skip
    """Imports an app container image (appc 0.x) to a place of images (see `tiffin-image --help`).

    Signatures are not checked. What an image of OCI cannot have is said on stderr.
    """
    from tiffin.image.aci import import_aci as imported
    from tiffin.image.transports.opening import open_destination

    with ExitStack() as stack:
        place, demands = open_destination(destination, stack, session.access(dest_access))
        report = stack.enter_context(reported(quiet=quiet))
        left_out: list[str] = []
        made = imported(
            file, place, dependencies=dependencies, platform=options.platform,
            options=demands.applied(options, destination), report=report, left_out=left_out.append,
        )  # fmt: skip
    for sentence in left_out:  # with --quiet too: it is no progress, but limits and rights that are gone
        print(f"tiffin-image import-aci: left out: {harmless(sentence)}", file=sys.stderr)
    write_digest(digestfile, made)
