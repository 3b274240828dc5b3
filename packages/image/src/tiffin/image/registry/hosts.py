"""`Host`: a server that can answer for a registry, and `hosts_of`: all of them, mirrors first, as containerd has it.

Source: containerd's `docs/hosts.md`; Docker's manual, "Verify repository client with certificates".
"""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import urlsplit

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.registry.settings import RegistrySettings

PULL, RESOLVE, PUSH = "pull", "resolve", "push"
ALL = (PULL, RESOLVE, PUSH)
DOCKER_HUB, DOCKER_HUB_SERVER = "docker.io", "registry-1.docker.io"


class Host(Record):
    """A server.

    url: scheme, host and the root of the API, mostly `/v2`; no slash at the end.
    namespace: the registry that it answers for, if that is another one (a mirror), else "".
    ca: files with further authorities. client: files of certificates, each with that of its key ("": the same).
    fallback_http: if it does not speak TLS, it is spoken to without.
    connect_timeout: seconds, 0 for that of the settings. proxy: "" for that of the environment.
    """

    url: str
    namespace: str = ""
    capabilities: tuple[str, ...] = ALL
    ca: tuple[str, ...] = ()
    client: tuple[tuple[str, str], ...] = ()
    skip_verify: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    fallback_http: bool = False
    connect_timeout: float = 0.0
    proxy: str = ""

    @property
    def name(self) -> str:
        """Host and port, as credentials are kept under."""
        return urlsplit(self.url).netloc


def hosts_of(registry: str, settings: RegistrySettings) -> tuple[Host, ...]:
    """The servers that answer for a registry, in the order in which they are asked; the last is the registry itself.

    Raises:
        FailedPrecondition: its hosts.toml, or what that names, cannot be used.
    """
    from tiffin.image.registry.hosts_toml import certificates_in, read_hosts_toml

    default = default_host(registry, settings)
    folder = settings.certificates or _folder_of(registry, settings)
    if not folder:
        return (default,)
    path = os.path.join(folder, "hosts.toml")
    if os.path.isfile(path) and not settings.certificates:
        return read_hosts_toml(path, registry, default)
    ca, client = certificates_in(folder)
    # who put an authority there wants the certificate to be checked, on loopback too
    checked = ca and not is_insecure(registry, settings.insecure)
    trusted = {"skip_verify": False, "fallback_http": False} if checked else {}
    return (default.replace(ca=ca, client=client, **trusted),)


def default_host(registry: str, settings: RegistrySettings) -> Host:
    """The registry itself, where nothing is written about it."""
    server = DOCKER_HUB_SERVER if registry == DOCKER_HUB else registry
    host, port = split_port(server)
    spared = is_loopback(host) and not settings.check_loopback
    if not spared and not is_insecure(registry, settings.insecure):
        return Host(f"https://{server}/v2")
    if port == "80":
        return Host(f"http://{server}/v2")
    return Host(
        f"https://{server}/v2", skip_verify=True, fallback_http=port != "443" or not is_loopback(host)
    )


def is_insecure(registry: str, insecure: tuple[str, ...]) -> bool:
    """Whether the settings list it, as Docker's insecure-registries: its certificate is not checked."""
    host, _ = split_port(registry)
    if registry in insecure or host in insecure:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    networks = (ipaddress.ip_network(entry, strict=False) for entry in insecure if "/" in entry)
    return any(address in network for network in networks)


def is_loopback(host: str) -> bool:
    """Whether a name or an address means this machine, whoever is asked."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def split_port(registry: str) -> tuple[str, str]:
    """Host (an IPv6 address without its brackets) and port, "" if there is none."""
    host, colon, port = registry.rpartition(":")
    if not colon or "]" in port:
        host, port = registry, ""
    return host.strip("[]"), port


def _folder_of(registry: str, settings: RegistrySettings) -> str:
    host, colon, port = registry.rpartition(":")
    names = (f"{host}_{port}_", registry, "_default") if colon and host else (registry, "_default")
    for above in settings.hosts_folders:
        for name in names:
            folder = os.path.join(above, name)
            if os.path.isdir(folder):
                return folder
    return ""
