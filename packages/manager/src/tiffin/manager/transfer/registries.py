"""The registry that a client names: opened to pull from and to push to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.image.registry.client import RegistryClient
from tiffin.image.registry.credentials import Credentials, FileCredentials
from tiffin.image.registry.destination import RegistryDestination
from tiffin.image.registry.settings import RegistrySettings, default_settings
from tiffin.image.registry.source import RegistrySource
from tiffin.image.transports.names import parse_reference
from tiffin.runtime.errors import Unsupported

if TYPE_CHECKING:
    from tiffin.api.containerd.types.transfer.registry_pb2 import OCIRegistry, RegistryResolver
    from tiffin.image.registry.repository import Repository
    from tiffin.spec.reference import Reference


class NamedRegistry:
    """An image in a registry.

    Args:
        place: as the client names it.
        credentials: those that the client gives; None for those of files.

    Raises:
        InvalidReference: it is no name.
        Unsupported: the client wants headers to be sent, which nobody checks.
    """

    def __init__(self, place: OCIRegistry, credentials: Credentials | None) -> None:
        if place.resolver.headers:
            raise Unsupported(f"headers for a registry: {', '.join(sorted(place.resolver.headers))}")
        self._reference: Reference = parse_reference(place.reference).with_default_tag()
        settings = _settings(place.resolver, self._reference.domain)
        self._client = RegistryClient(settings, credentials or FileCredentials(""))

    @property
    def name(self) -> str:
        """In full."""
        return str(self._reference)

    def _repository(self) -> Repository:
        return self._client.repository(self._reference.domain, self._reference.path)

    def source(self) -> RegistrySource:
        """To pull from."""
        wanted = str(self._reference.digest) if self._reference.digest else self._reference.tag
        return RegistrySource(self._repository(), wanted, self.name)

    def destination(self) -> RegistryDestination:
        """To push to."""
        return RegistryDestination(self._repository(), self._reference.tag)


def _settings(resolver: RegistryResolver, registry: str) -> RegistrySettings:
    settings = default_settings()
    if resolver.host_dir:
        settings = settings.replace(hosts_folders=(resolver.host_dir,))
    if resolver.default_scheme == "http":
        settings = settings.replace(insecure=(*settings.insecure, registry))
    return settings
