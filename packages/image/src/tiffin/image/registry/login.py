"""`login` and `logout`: credentials are tried at the registry, and then kept where Docker and podman find them too."""

from __future__ import annotations

import os

from tiffin.image.errors import NotFound
from tiffin.image.registry.client import RegistryClient
from tiffin.image.registry.credential_file import CredentialFile
from tiffin.image.registry.credentials import GivenCredential, credential_files, file_to_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiffin.image.registry.credentials import Credential
    from tiffin.image.registry.settings import RegistrySettings


def login(
    registry: str,
    credential: Credential,
    settings: RegistrySettings,
    *,
    file: str = "",
    environment: Mapping[str, str] | None = None,
) -> str:
    """Checks a credential and keeps it; says where (a file, or the program of a helper).

    Args:
        registry: host and port. file: where to; by default what the environment says.

    Raises:
        PermissionDenied: the registry does not take it; nothing is kept. Unavailable: it cannot be asked.
    """
    variables = os.environ if environment is None else environment
    RegistryClient(settings, GivenCredential(registry, credential)).ping(registry)
    return CredentialFile(file or file_to_write(variables), variables).store(registry, credential)


def logout(registry: str, *, file: str = "", environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Forgets the credential of a registry in every file where it is found; says in which.

    Raises:
        NotFound: nobody was logged in.
    """
    variables = os.environ if environment is None else environment
    files = (
        (file,) if file else tuple(dict.fromkeys((*credential_files(variables), file_to_write(variables))))
    )
    found = tuple(
        path for path in files if os.path.exists(path) and CredentialFile(path, variables).erase(registry)
    )
    if not found:
        raise NotFound(f"nobody is logged in to {registry}, by any of: {', '.join(files)}")
    return found
