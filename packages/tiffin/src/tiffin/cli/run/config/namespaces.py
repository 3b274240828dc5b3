"""Which namespaces are new, joined by path, or the host's; host name and sysctl, which belong to them."""

from __future__ import annotations

import os

from tiffin.cli.parse import UsageError
from tiffin.cli.run.units import pair

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.cli.run.config.context import Context
    from tiffin.spec.runtime.tree import ConfigTree, NamespaceTree

# flag, type in the config, what is taken as "one of its own"
KINDS = (
    ("pid", "pid", ("", "private")),
    ("ipc", "ipc", ("", "private", "shareable")),
    ("uts", "uts", ("", "private")),
    ("network", "network", ("", "none")),
)
LONGEST = 64  # bytes of a host name: HOST_NAME_MAX


def apply_namespaces(config: ConfigTree, arguments: Arguments, context: Context) -> None:
    """Sets `linux.namespaces`, the host name and sysctl.

    Raises:
        UsageError: for a way to share that there is none of.
    """
    spaces: list[NamespaceTree] = [{"type": "mount"}]
    for flag, kind, own in KINDS:
        value = arguments.text(flag)
        if value in own:
            spaces.append({"type": kind})
        elif value != "host":
            spaces.append({"type": kind, "path": _path(flag, value)})
    spaces += _cgroup(arguments, context)
    userns = arguments.text("userns", "host")
    if userns != "host":
        spaces.append({"type": "user", "path": _path("userns", userns)})
    config["linux"]["namespaces"] = spaces
    _set_hostname(config, arguments, context)
    if arguments.texts("sysctl"):
        config["linux"]["sysctl"] = dict(pair("sysctl", text) for text in arguments.texts("sysctl"))


def _path(flag: str, value: str) -> str:
    name, colon, path = value.partition(":")
    if name != "ns" or not colon:
        text = (
            "bridge networks and others are made by packages/network, which comes later; "
            if flag == "network"
            else ""
        )
        raise UsageError(f"--{flag}: {value!r} cannot be had: {text}expected host, or ns:PATH to join one")
    if not os.path.exists(path):
        raise UsageError(f"--{flag}: there is no namespace at {path!r}")
    return path


def _cgroup(arguments: Arguments, context: Context) -> list[NamespaceTree]:
    """As Docker: private with cgroup v2, the host's with v1, where programs look for their own paths."""
    value = arguments.text("cgroupns") or ("private" if context.cgroup_version == 2 else "host")
    if value not in ("host", "private"):
        raise UsageError(f"--cgroupns: host or private, not {value!r}")
    return [{"type": "cgroup"}] if value == "private" else []


def _set_hostname(config: ConfigTree, arguments: Arguments, context: Context) -> None:
    if arguments.text("uts") not in ("", "private"):
        if arguments.text("hostname"):
            raise UsageError("--hostname cannot be set when --uts shares the host's")
        return
    config["hostname"] = hostname_of(arguments, context)


def hostname_of(arguments: Arguments, context: Context) -> str:
    """The host name that the container sees: with the host's network it is the host's, as for Docker.

    Raises:
        UsageError: for a name that no host can have, and that would be more than one in /etc/hosts.
    """
    if asked := arguments.text("hostname"):
        if len(os.fsencode(asked)) > LONGEST or not asked.isprintable() or " " in asked:
            raise UsageError(f"--hostname: {asked!r} is no name: up to {LONGEST} bytes, no spaces")
        return asked
    shares = arguments.text("network") == "host" or arguments.text("uts") == "host"
    return os.uname().nodename if shares else context.short_id
