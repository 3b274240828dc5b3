"""/etc/hosts, /etc/hostname and /etc/resolv.conf, written into the container's folder and mounted from there."""

from __future__ import annotations

import os

from tiffin.cli.parse import UsageError
from tiffin.cli.run.config.namespaces import hostname_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.cli.run.config.context import Context
    from tiffin.spec.runtime.tree import ConfigTree

LOCAL_HOSTS = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
STUB_RESOLVER = "127.0.0.53"
WHITESPACE = " \t\n\r\v\f"
RESOLVED_FILE = "/run/systemd/resolve/resolv.conf"


def apply_network_files(config: ConfigTree, arguments: Arguments, context: Context) -> dict[str, str]:
    """Mounts the files, unless the user mounts something there.

    Returns:
        the files to write, by their path on the host.

    Raises:
        UsageError: for an --add-host that is none.
    """
    contents = {
        "/etc/hosts": _hosts(arguments, context),
        "/etc/hostname": hostname_of(arguments, context) + "\n",
        "/etc/resolv.conf": _resolv_conf(arguments),
    }
    taken = {mount["destination"] for mount in config["mounts"]}
    files = {}
    for target, text in contents.items():
        if target in taken:
            continue
        source = os.path.join(context.directory, os.path.basename(target))
        files[source] = text
        config["mounts"].append(
            {"destination": target, "type": "bind", "source": source, "options": ["rbind", "rprivate"]}
        )
    return files


def _hosts(arguments: Arguments, context: Context) -> str:
    """The host's own file with its network, as Docker; otherwise only this container."""
    name = hostname_of(arguments, context)
    if arguments.text("network") == "host":
        text = _read("/etc/hosts") or LOCAL_HOSTS
    else:
        names = name if name == context.name or "_" in context.name else f"{name} {context.name}"
        text = f"{LOCAL_HOSTS}127.0.1.1\t{names}\n"
    return text + "".join(map(_added, arguments.texts("add-host")))


def _added(text: str) -> str:
    """The line for one --add-host: `NAME:ADDRESS`, or `NAME=ADDRESS`; version 6 with brackets or without."""
    import socket  # only here: it takes a few milliseconds

    name, found, address = text.partition("=" if "=" in text else ":")
    if not found or not name or set(name) & set(WHITESPACE):
        raise UsageError(f"--add-host: {text!r} is no NAME:ADDRESS")
    address = address.removeprefix("[").removesuffix("]")
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    except (OSError, ValueError):
        raise UsageError(f"--add-host: {address!r} in {text!r} is no IP address") from None
    return f"{address}\t{name}\n"


def _resolv_conf(arguments: Arguments) -> str:
    """Empty without a network; the host's with it, and with its real servers in place of a stub on 127.0.0.53."""
    network = arguments.text("network")
    if network in ("", "none"):
        return ""
    text = _read("/etc/resolv.conf")
    servers = [
        line.split()[1]
        for line in text.splitlines()
        if line.startswith("nameserver ") and len(line.split()) > 1
    ]
    if servers == [STUB_RESOLVER] and network != "host":
        return _read(RESOLVED_FILE) or text
    return text


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return ""
