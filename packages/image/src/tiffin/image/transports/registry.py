"""`docker://NAME[:TAG|@DIGEST]`: an image in a registry, opened to copy from it or to it."""

from __future__ import annotations

from tiffin.image.errors import FailedPrecondition, InvalidReference
from tiffin.image.registry.destination import RegistryDestination
from tiffin.image.registry.source import RegistrySource
from tiffin.image.transports.names import parse_reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Descriptor
    from tiffin.image.registry.repository import Repository
    from tiffin.image.transports.access import RegistryAccess
    from tiffin.image.transports.names import TransportName
    from tiffin.spec.reference import Reference


def registry_reference(name: TransportName) -> Reference:
    """What follows `docker:`, in full, but without a default tag.

    Raises:
        InvalidReference: without `//`, for what is no reference, or for one with a tag and a digest.
    """
    if not name.rest.startswith("//"):
        raise InvalidReference(f"{name.text!r}: an image in a registry is written docker://{name.rest}")
    reference = parse_reference(name.rest.removeprefix("//"))
    if reference.tag and reference.digest:
        raise InvalidReference(f"{name.text!r} has a tag and a digest: give one of them")
    return reference


def open_repository(reference: Reference, access: RegistryAccess) -> Repository:
    """The repository of a reference. Raises NotFound: there is no such file of credentials."""
    return access.client(reference.domain).repository(reference.domain, reference.path)


def open_registry_source(name: TransportName, access: RegistryAccess) -> RegistrySource:
    """A tag (`latest` by default) or a digest; the registry is not asked yet. Raises as the two above."""
    reference = registry_reference(name).with_default_tag()
    wanted = str(reference.digest) if reference.digest else reference.tag
    return RegistrySource(open_repository(reference, access), wanted, name.text)


def open_registry_destination(name: TransportName, access: RegistryAccess) -> RegistryDestination:
    """A tag to push to (`latest` by default), or the digest that what is pushed must have. Raises as above."""
    reference = registry_reference(name).with_default_tag()
    repository = open_repository(reference, access)
    if reference.digest:
        return DigestDestination(repository, str(reference.digest))
    return RegistryDestination(repository, reference.tag)


class DigestDestination(RegistryDestination):
    """A name with a digest: only what has this digest is pushed there, and it gets no tag."""

    def __init__(self, repository: Repository, digest: str) -> None:
        super().__init__(repository, "")
        self._digest = digest
        self.name = f"{repository.name}@{digest}"

    def write_manifest(self, descriptor: Descriptor, data: bytes, *, tagged: bool) -> None:
        """As its base class. Raises FailedPrecondition too: the image has another digest."""
        if tagged and descriptor.digest != self._digest:
            raise FailedPrecondition(
                f"{self.name!r}: what would be pushed has the digest {descriptor.digest}; give a tag, or copy all "
                "images of the index"
            )
        super().write_manifest(descriptor, data, tagged=tagged)
