"""`network_files`: what tells a command of RUN the names of hosts."""

from __future__ import annotations

from tiffin.image.building.execute.run.request import file_mount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.building.execute.run.request import FileMount

RESOLVER = "/etc/resolv.conf"
HOSTS = "127.0.0.1 localhost build\n::1 localhost ip6-localhost ip6-loopback\n"


def network_files(hosts: tuple[str, ...]) -> list[FileMount]:
    """resolv.conf of the host, for its network is used; and a file of hosts."""
    try:
        with open(RESOLVER, "rb") as file:
            resolver = file.read()
    except FileNotFoundError:
        resolver = b""
    lines = HOSTS + "".join(f"{line}\n" for line in hosts)
    return [file_mount(RESOLVER, resolver), file_mount("/etc/hosts", lines.encode())]
