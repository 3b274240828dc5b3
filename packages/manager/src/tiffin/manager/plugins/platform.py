"""The platform of this host, as introspection tells it of plugins that depend on it."""

from __future__ import annotations

from tiffin.image.platforms import host_platform


def own_platform() -> str:
    """`linux/amd64`, `linux/arm64`: without a variant, as containerd has it where it is the usual one."""
    found = host_platform()
    return f"{found.os}/{found.architecture}"
