"""`Credential`, and finding it in the files of Docker and of podman, skopeo and buildah.

Source: Docker's `config.json` (auths, credHelpers, credsStore) and containers-auth.json(5), which is the same file with
namespaces as further keys; the order of the files is that of the latter.
"""

from __future__ import annotations

import os
from typing import Protocol

from tiffin.image.registry.hosts import DOCKER_HUB, DOCKER_HUB_SERVER
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_DOCKER_HUB_NAMES = (DOCKER_HUB, DOCKER_HUB_SERVER, "index.docker.io")


class Credential(Record):
    """What is known of a user.

    identity_token: an OAuth2 refresh token in place of the password. registry_token: a bearer token, sent as it is.
    """

    user: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""

    def __repr__(self) -> str:
        return f"Credential(user={self.user!r}, ...)"  # no secret comes into a log by accident


class Credentials(Protocol):
    """Where credentials come from."""

    def find(self, registry: str, repository: str) -> Credential | None:
        """The credential for a repository of a registry (host and port); None to go without."""
        ...


class NoCredentials:
    """Anonymous."""

    def find(self, registry: str, repository: str) -> Credential | None:  # noqa: ARG002  # the protocol
        """None."""
        return None


class GivenCredential:
    """One credential, for one registry; another one (a mirror, or where a redirect leads) never sees it."""

    def __init__(self, registry: str, credential: Credential) -> None:
        self._registry = registry
        self._credential = credential

    def find(self, registry: str, repository: str) -> Credential | None:  # noqa: ARG002  # the protocol
        """The credential, if it is for this registry."""
        return self._credential if same_registry(registry, self._registry) else None


class FileCredentials:
    """Looks into the files of the user.

    Args:
        file: the only one to look into; "" for the usual ones.
        environment: for the places of the files, and for helpers.
    """

    def __init__(self, file: str = "", environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._files = (file,) if file else tuple(credential_files(self._environment))

    def find(self, registry: str, repository: str) -> Credential | None:
        """The first that is found. Raises FailedPrecondition: a file or a helper is broken."""
        from tiffin.image.registry.credential_file import CredentialFile

        for path in self._files:
            if found := CredentialFile(path, self._environment).find(registry, repository):
                return found
        return None


def credential_files(environment: Mapping[str, str]) -> Iterator[str]:
    """Where credentials may be, best first; $REGISTRY_AUTH_FILE is the only one if it is set."""
    if explicit := environment.get("REGISTRY_AUTH_FILE"):
        yield explicit
        return
    home = environment.get("HOME", "")
    runtime = environment.get("XDG_RUNTIME_DIR") or f"/run/containers/{os.getuid()}"
    folder = "containers" if environment.get("XDG_RUNTIME_DIR") else ""
    yield os.path.join(runtime, folder, "auth.json")
    if config := environment.get("XDG_CONFIG_HOME") or (home and os.path.join(home, ".config")):
        yield os.path.join(config, "containers/auth.json")
    if docker := environment.get("DOCKER_CONFIG") or (home and os.path.join(home, ".docker")):
        yield os.path.join(docker, "config.json")


def file_to_write(environment: Mapping[str, str]) -> str:
    """Where `login` stores: what the environment names, else the file that Docker has in the home folder."""
    if explicit := environment.get("REGISTRY_AUTH_FILE"):
        return explicit
    if docker := environment.get("DOCKER_CONFIG"):
        return os.path.join(docker, "config.json")
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        return os.path.join(runtime, "containers/auth.json")
    return os.path.join(environment.get("HOME") or os.path.expanduser("~"), ".docker/config.json")


def names_of(registry: str) -> tuple[str, ...]:
    """All names that a registry has in such files."""
    return _DOCKER_HUB_NAMES if registry in _DOCKER_HUB_NAMES else (registry,)


def same_registry(one: str, other: str) -> bool:
    """Whether two names, maybe written as addresses, mean one registry."""
    return plain(other) in names_of(plain(one))


def plain(key: str) -> str:
    """A key without scheme, the old paths /v1/ and /v2/, and the last slash."""
    text = key.partition("://")[2] or key
    for ending in ("/", "/v1", "/v2"):
        text = text.removesuffix(ending)
    return text
