"""`tiffin-image digest` and `manifest-digest`: of an image at a place, and of a file with a manifest."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import click

from tiffin.image.command.options import Verb, platform_option
from tiffin.image.command.registry_options import registry_options
from tiffin.image.command.session import Session
from tiffin.image.digest import digest_of

TYPE_CHECKING = False
if TYPE_CHECKING:
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
@click.argument("file", metavar="FILE|-")
def manifest_digest(*, file: str) -> None:
    """Prints the digest of a file with a manifest or an index."""
    from tiffin.image.documents import MOST_BYTES, tree_of

    if file == "-":
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
    else:
        with open(file, "rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    tree_of(data, repr(file))  # what is none, or is cut off, gets no digest
    print(digest_of(data))
