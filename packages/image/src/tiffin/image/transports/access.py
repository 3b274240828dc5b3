"""`Access`: what reaching a place may need beside its name, given by whoever opens it and kept by nobody."""

from __future__ import annotations

import os

from tiffin.image.errors import NotFound
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.image.registry.client import RegistryClient
    from tiffin.image.registry.credentials import Credential, Credentials
    from tiffin.image.registry.settings import RegistrySettings
    from tiffin.image.store.store import Store


class RegistryAccess(Record):
    """How registries are reached, as skopeo's options say it.

    verify: whether certificates are checked; None for what `RegistrySettings` says, which spares loopback.
    certificates: a folder with *.crt, *.cert and *.key in place of the configured ones, "" for those.
    file: the only file that credentials are looked for in, "" for the usual ones.
    credential: in place of any file's. anonymous: without any credential.
    settings: what all else is taken from; the user's if None.
    """

    verify: bool | None = None
    certificates: str = ""
    file: str = ""
    credential: Credential | None = None
    anonymous: bool = False
    settings: RegistrySettings | None = None

    def client(self, registry: str) -> RegistryClient:
        """A client for one registry. Raises NotFound: there is no such file of credentials."""
        from tiffin.image.registry.client import RegistryClient

        return RegistryClient(self.settings_for(registry), self._credentials(registry))

    def settings_for(self, registry: str) -> RegistrySettings:
        """The settings for one registry. Raises NotFound: there is no such folder of certificates."""
        from tiffin.image.registry.settings import default_settings

        settings = self.settings or default_settings()
        if self.certificates and not os.path.isdir(self.certificates):
            raise NotFound(f"there is no folder {self.certificates!r} with certificates")
        if self.verify is False:
            settings = settings.replace(insecure=(*settings.insecure, registry))
        return settings.replace(
            certificates=self.certificates or settings.certificates,
            check_loopback=self.verify is True or settings.check_loopback,
        )

    def _credentials(self, registry: str) -> Credentials:
        from tiffin.image.registry.credentials import FileCredentials, GivenCredential, NoCredentials

        if self.anonymous:
            return NoCredentials()
        if self.credential is not None:
            return GivenCredential(registry, self.credential)
        if self.file and not os.path.exists(self.file):
            raise NotFound(f"there is no file of credentials {self.file!r}")
        return FileCredentials(self.file)


class Access(Record):
    """registry: how registries are reached. store: opens the local store, once it is needed; the user's if None."""

    registry: RegistryAccess = RegistryAccess()
    store: Callable[[], Store] | None = None

    def open_store(self) -> Store:
        """The local store. Raises OSError: it cannot be made."""
        if self.store is not None:
            return self.store()
        from tiffin.image.store.store import Store

        return Store()
