"""`tiffin-image list-tags`: the tags of a repository in a registry, or the names in a file."""

from __future__ import annotations

from contextlib import ExitStack

import click

from tiffin.image.command.options import Verb
from tiffin.image.command.output import print_json
from tiffin.image.command.registry_options import registry_options
from tiffin.image.errors import InvalidReference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.transports.access import RegistryAccess
    from tiffin.image.transports.names import TransportName

TRANSPORTS = ("docker", "docker-archive", "oci", "oci-archive")


@click.command("list-tags", cls=Verb)
@click.argument("place", metavar="docker://NAME|docker-archive:PATH|oci:PATH|oci-archive:PATH")
@registry_options()
def list_tags(*, place: str, access: RegistryAccess) -> None:
    """Lists the tags at a place, as JSON like skopeo's."""
    from tiffin.image.transports.names import parse_name

    name = parse_name(place, TRANSPORTS)
    if name.transport == "docker":
        print_json(_of_repository(name, access))
    else:
        from tiffin.image.command.contained import opened

        with ExitStack() as stack:
            print_json({"Tags": [tag for image in opened(name.rest, stack).images() for tag in image.names]})


def _of_repository(name: TransportName, access: RegistryAccess) -> dict[str, object]:
    from tiffin.image.transports.registry import open_repository, registry_reference

    reference = registry_reference(name)
    if reference.tag or reference.digest:
        raise InvalidReference(f"{name.text!r}: give the repository alone: docker://{reference.name}")
    return {"Repository": reference.name, "Tags": list(open_repository(reference, access).tags())}
