"""`tiffin-image digest` and `manifest-digest`: of an image at a place, and of a file with a manifest."""

from __future__ import annotations

from contextlib import ExitStack

import click

from tiffin.image.command.options import Verb, platform_option, registry_options
from tiffin.image.command.session import Session
from tiffin.image.digest import digest_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from tiffin.image.documents import Platform
    from tiffin.image.transports.access import RegistryAccess


@click.command("digest", cls=Verb)
@click.argument("image", metavar="IMAGE")
@platform_option
@registry_options()
@click.pass_obj
def digest(session: Session, *, image: str, platform: Platform | None, access: RegistryAccess) -> None:
    """Prints the digest of the manifest or index at a place; with --platform that of one image in it."""
    from tiffin.image.transports.opening import open_source

    with ExitStack() as stack:
        source = open_source(image, stack, session.access(access))
        found = source.resolve()
        if platform is not None:
            from tiffin.image.transfer.choice import choose

            found = choose(source, found, platform)
    print(found.digest)


@click.command("manifest-digest", cls=Verb)
@click.argument("file", type=click.File("rb"), metavar="FILE|-")
def manifest_digest(*, file: BinaryIO) -> None:
    """Prints the digest of a file with a manifest or an index."""
    from tiffin.image.documents import MOST_BYTES, tree_of

    data = file.read(MOST_BYTES + 1)
    tree_of(data, f"{file.name!r}")  # what is none, or is cut off, gets no digest
    print(digest_of(data))
