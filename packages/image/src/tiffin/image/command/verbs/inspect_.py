"""`tiffin-image inspect`: what an image is, as `skopeo inspect` shows it; or its manifest, or its config."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import click

from tiffin.image.command.completing import image_names
from tiffin.image.command.field import formatted
from tiffin.image.command.options import Verb, platform_option
from tiffin.image.command.registry_options import registry_options
from tiffin.image.command.session import Session
from tiffin.image.command.summary import summary
from tiffin.image.documents import any_manifest_of, tree_of
from tiffin.image.errors import InvalidReference, PermissionDenied, Unsupported
from tiffin.image.transfer.choice import choose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Platform
    from tiffin.image.transfer.protocol import ImageSource
    from tiffin.image.transports.access import RegistryAccess


@click.command("inspect", cls=Verb)
@click.argument("image", metavar="IMAGE", shell_complete=image_names)
@click.option("--raw", is_flag=True, help="The manifest or index, byte for byte; with --config the config.")
@click.option("--config", is_flag=True, help="The config.")
@click.option("--format", "-f", "form", default="json", metavar="json|FIELD|TEXT", show_default=True,
              help="One field, such as .LayersData.0.Digest, or a text with {{.FIELD}} in it.")  # fmt: skip
@click.option("--no-tags", "-n", is_flag=True, help="Do not ask for the tags of the repository.")
@platform_option
@registry_options()
@click.pass_obj
def inspect(
    session: Session, *, image: str, raw: bool, config: bool, form: str, no_tags: bool, platform: Platform | None,
    access: RegistryAccess,
) -> None:  # fmt: skip
    """Shows what the image at a place is (see `tiffin-image --help`)."""
    from tiffin.image.transports.names import STORE, parse_name
    from tiffin.image.transports.opening import TRANSPORTS, open_source

    with ExitStack() as stack:
        source = open_source(image, stack, session.access(access))
        if raw:
            sys.stdout.buffer.write(_document(source, platform, config=config))
            return
        if config:
            tree = tree_of(_document(source, platform, config=True), "the config")
        else:
            tree = summary(source, platform)
            transport = parse_name(image, tuple(TRANSPORTS)).transport
            if transport == "docker":
                tree |= _of_repository(source, with_tags=not no_tags)
            elif transport == STORE:
                tree |= _of_store(source)
        print(formatted(tree, form))


def _document(source: ImageSource, platform: Platform | None, *, config: bool) -> bytes:
    """The manifest or index itself; or the config of the image for the platform."""
    top = source.resolve()
    if not config:
        return source.read_document(top if platform is None else choose(source, top, platform))
    chosen = choose(source, top, platform)
    manifest = any_manifest_of(source.read_document(chosen), f"manifest {chosen.digest}", chosen.media_type)
    return source.read_document(manifest.config)


def _of_repository(source: ImageSource, *, with_tags: bool) -> dict[str, object]:
    """The name of the repository, and its tags, as far as they are wanted and may be seen."""
    from tiffin.image.registry.source import RegistrySource

    if not isinstance(source, RegistrySource):
        return {}
    found: dict[str, object] = {"Name": source.repository.name}
    if with_tags:
        try:
            found["RepoTags"] = list(source.repository.tags())
        except (PermissionDenied, Unsupported) as error:
            print(f"tiffin-image inspect: the tags are not shown: {error}", file=sys.stderr)
    return found


def _of_store(source: ImageSource) -> dict[str, object]:
    """The name of the repository, if the name has that form."""
    from tiffin.image.transports.names import parse_reference
    from tiffin.image.transports.store_source import StoreSource

    if not isinstance(source, StoreSource):
        return {}
    try:
        return {"Name": parse_reference(source.stored_name()).name}
    except InvalidReference:
        return {}
