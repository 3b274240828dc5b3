"""`tiffin-image list-tags`: the tags of a repository in a registry, or the names in a file."""

from __future__ import annotations

import os
from contextlib import ExitStack

import click

from tiffin.image.command.options import Verb, registry_options
from tiffin.image.command.output import print_json
from tiffin.image.errors import InvalidReference, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.transports.access import RegistryAccess
    from tiffin.image.transports.folder import Files
    from tiffin.image.transports.names import TransportName

TRANSPORTS = ("docker", "docker-archive", "oci", "oci-archive")
REF_NAME = "org.opencontainers.image.ref.name"


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
        print_json({"Tags": _of_file(name)})


def _of_repository(name: TransportName, access: RegistryAccess) -> dict[str, object]:
    from tiffin.image.transports.registry import open_repository, registry_reference

    reference = registry_reference(name)
    if reference.tag or reference.digest:
        raise InvalidReference(f"{name.text!r}: give the repository alone: docker://{reference.name}")
    return {"Repository": reference.name, "Tags": list(open_repository(reference, access).tags())}


def _of_file(name: TransportName) -> list[str]:
    from tiffin.image.transports.archive import Archive
    from tiffin.image.transports.folder import Folder

    if not os.path.exists(name.rest):
        raise NotFound(f"{name.text!r}: there is nothing at {name.rest!r}")
    with ExitStack() as stack:
        if os.path.isdir(name.rest):
            return _of_layout(Folder(name.rest))
        archive = stack.enter_context(Archive(name.rest))
        return _of_layout(archive) if archive.has("oci-layout") else _of_archive(archive)


def _of_layout(files: Files) -> list[str]:
    from tiffin.image.documents import index_of
    from tiffin.image.transports.folder import read_document

    entries = index_of(read_document(files, "index.json"), "index.json")
    return sorted({tag for entry in entries if (tag := entry.annotations.get(REF_NAME, ""))})


def _of_archive(files: Files) -> list[str]:
    from tiffin.image.transports.docker_archive import archive_entries

    return [tag for entry in archive_entries(files) for tag in entry.get("RepoTags") or ()]
