"""`RegistrySettings`: how registries are reached. One record for a client; `default_settings` reads the environment."""

from __future__ import annotations

import os

from tiffin.image.registry.retry import RetryPolicy
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# containerd's, Docker's, podman's; the first one that has a folder for a registry counts
CERTIFICATE_FOLDERS = ("/etc/containerd/certs.d", "/etc/docker/certs.d", "/etc/containers/certs.d")
USER_AGENT = "tiffin-image/0.1"


class RegistrySettings(Record):
    """How registries are reached.

    hosts_folders: with a folder for each registry: hosts.toml, or Docker's certificates.
    insecure: registries (host, host:port or an address range) whose certificates are not checked, and that may
        speak plain HTTP. Loopback is, unless `check_loopback`.
    certificates: a folder with Docker's certificates for every registry, in place of `hosts_folders`.
    connect_timeout, read_timeout: seconds; the second one is how long a server may stay silent.
    chunk_size: bytes; if set, larger blobs are pushed in chunks of this size.
    ranges: how many parts of a large blob are fetched at once, if one connection gives less than `fast` bytes a second.
    """

    hosts_folders: tuple[str, ...] = CERTIFICATE_FOLDERS
    insecure: tuple[str, ...] = ()
    connect_timeout: float = 30.0
    read_timeout: float = 60.0
    chunk_size: int = 0
    ranges: int = 3
    fast: float = 40e6
    retry: RetryPolicy = RetryPolicy()
    user_agent: str = USER_AGENT
    certificates: str = ""
    check_loopback: bool = False


def default_settings(environment: Mapping[str, str] | None = None) -> RegistrySettings:
    """The settings of this user: with `$XDG_CONFIG_HOME/containers/certs.d` before the folders of the system."""
    variables = os.environ if environment is None else environment
    home = variables.get("HOME", "")
    config = variables.get("XDG_CONFIG_HOME") or (os.path.join(home, ".config") if home else "")
    own = (os.path.join(config, "containers/certs.d"),) if config else ()
    return RegistrySettings(hosts_folders=(*own, *CERTIFICATE_FOLDERS))
