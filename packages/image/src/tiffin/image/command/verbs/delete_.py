"""`tiffin-image delete`: an image of a registry."""

from __future__ import annotations

import click

from tiffin.image.command.options import Verb
from tiffin.image.command.registry_options import registry_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.transports.access import RegistryAccess


@click.command("delete", cls=Verb)
@click.argument("image", metavar="docker://NAME[:TAG|@DIGEST]")
@click.option("--tag-only", is_flag=True, help="Delete the tag and keep the image; many registries cannot.")
@registry_options()
def delete(*, image: str, tag_only: bool, access: RegistryAccess) -> None:
    """Deletes an image from a registry: its manifest, and with it every tag that names it.

    Its blobs go when the registry collects its garbage. Names in the local store are removed by `remove`.
    """
    from tiffin.image.transports.names import parse_name
    from tiffin.image.transports.registry import open_repository, registry_reference

    reference = registry_reference(parse_name(image, ("docker",))).with_default_tag()
    repository = open_repository(reference, access)
    if reference.digest:
        repository.delete(str(reference.digest))
    elif tag_only:
        repository.delete(reference.tag)
    else:
        repository.delete(repository.resolve(reference.tag)[0].digest)
