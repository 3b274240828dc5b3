"""The platform of this machine, and which of several images fits it best."""

from __future__ import annotations

import os

from tiffin.image.documents import Platform

# uname(2) to GOARCH and variant, as containerd's `platforms` normalises them
MACHINES = {
    "x86_64": ("amd64", ""),
    "aarch64": ("arm64", "v8"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "i686": ("386", ""),
    "ppc64le": ("ppc64le", ""),
    "riscv64": ("riscv64", ""),
    "s390x": ("s390x", ""),
    "loongarch64": ("loong64", ""),
}
# what a newer processor also runs, best first
OLDER = {
    ("arm64", "v8"): (("arm64", "v8"), ("arm", "v8"), ("arm", "v7"), ("arm", "v6"), ("arm", "v5")),
    ("arm", "v7"): (("arm", "v7"), ("arm", "v6"), ("arm", "v5")),
    ("arm", "v6"): (("arm", "v6"), ("arm", "v5")),
    ("amd64", ""): (("amd64", ""), ("386", "")),
}
DEFAULT_VARIANTS = {"arm64": "v8", "arm": "v7", "amd64": ""}


def host_platform() -> Platform:
    """The platform of this machine."""
    machine = os.uname().machine
    architecture, variant = MACHINES.get(machine, (machine, ""))
    return Platform("linux", architecture, variant)


def rank(found: Platform, wanted: Platform) -> int | None:
    """How well `found` runs where `wanted` is asked for: 0 is best, None not at all."""
    if found.os != wanted.os:
        return None
    key = _normal(wanted)
    order = OLDER.get(key, (key,))
    return order.index(_normal(found)) if _normal(found) in order else None


def parse(text: str) -> Platform:
    """A platform as a user writes it: `linux/arm64`, `linux/arm/v7`."""
    parts = (text + "//").split("/")
    return Platform(parts[0], parts[1], parts[2])


def _normal(platform: Platform) -> tuple[str, str]:
    variant = platform.variant or DEFAULT_VARIANTS.get(platform.architecture, "")
    if platform.architecture == "amd64" and variant == "v1":
        variant = ""
    return platform.architecture, variant
