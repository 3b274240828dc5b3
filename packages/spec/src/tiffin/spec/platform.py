"""Platforms: parsed, normalized, and matched with their variants as containerd's platforms package does.

An arm/v7 host runs arm/v6 and arm/v5 as well, amd64 with x86-64-v3 also v2 and v1 and 386, arm64 also 32-bit arm.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote, unquote

import msgspec

from tiffin.spec.model import Model

if TYPE_CHECKING:
    from collections.abc import Iterator

_OS = re.compile(r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?")
_COMPONENT = re.compile(r"[A-Za-z0-9_.-]+")
_KNOWN_OS = """
    aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos
"""
_KNOWN_ARCHITECTURES = """
    386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32
    mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm
"""
_ALIASES = {
    "i386": ("386", ""),
    "i486": ("386", ""),
    "i586": ("386", ""),
    "i686": ("386", ""),
    "x86_64": ("amd64", None),
    "x86-64": ("amd64", None),
    "aarch64": ("arm64", None),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
    "armv5l": ("arm", "v5"),
    "armv6l": ("arm", "v6"),
    "armv7l": ("arm", "v7"),
    "armv8l": ("arm", "v8"),
    "loongarch64": ("loong64", None),
}
_LAST_MINOR = 9  # of ARMv8: v8.9 is what v9.4 and later contain
_ARMV9_BEHIND = 5  # ARMv9.x contains ARMv8.(x + 5)


class InvalidPlatform(ValueError):
    """A text that is no platform."""


class Platform(Model, kw_only=True):
    """An operating system and a processor (image-spec 1.1, image-index.md), in the words of GOOS and GOARCH."""

    SECTION: ClassVar[str] = "image-index.md: Image Index Property Descriptions"
    architecture: str
    os: str
    os_version: str | None = msgspec.field(default=None, name="os.version")
    os_features: list[str] | None = msgspec.field(default=None, name="os.features")
    variant: str | None = None

    def __str__(self) -> str:
        return format_platform(self)


def parse(text: str) -> Platform:
    """The platform that a text such as linux/arm/v7, arm64, linux or windows(10.0.17763)/amd64 means.

    What is missing is the host's. Raises InvalidPlatform.
    """
    first, *others = text.split("/")
    match = _OS.fullmatch(first)
    if match is None or len(others) > 2 or not all(_COMPONENT.fullmatch(part) for part in others):
        raise InvalidPlatform(f"{text[:200]!r} is not of the form os[(version)][/architecture[/variant]]")
    name = _os_name(match[1])
    version = unquote(match[2] or "") or None
    features = [unquote(one) for one in (match[3] or "").split("+") if one] or None
    if others:
        architecture, variant = _architecture(others[0], others[1] if len(others) > 1 else "")
        if architecture == "arm64" and not variant and len(others) > 1:
            variant = "v8"
        elif architecture == "arm" and variant == "v7" and len(others) == 1:
            variant = ""
    elif name in _KNOWN_OS.split():
        architecture, variant = host().architecture, host().variant or ""
    else:
        architecture, variant = _architecture(first, "")
        if architecture not in _KNOWN_ARCHITECTURES.split():
            raise InvalidPlatform(f"{text[:200]!r} is no operating system or architecture that is known")
        name, variant = host().os, "" if (architecture, variant) == ("arm", "v7") else variant
    return Platform(
        os=name, os_version=version, os_features=features, architecture=architecture, variant=variant or None
    )


def format_platform(platform: Platform) -> str:
    """The text of a platform, as `parse` reads it."""
    if not platform.os:
        return "unknown"
    features = sorted({one for one in platform.os_features or () if one})
    details = _quoted(platform.os_version or "") + "".join("+" + _quoted(one) for one in features)
    name = f"{platform.os}({details})" if details else platform.os
    return "/".join(part for part in (name, platform.architecture, platform.variant) if part)


def normalize(platform: Platform) -> Platform:
    """The same platform in the usual words: x86_64 is amd64, arm without a variant is arm/v7, arm64/v8 is arm64."""
    architecture, variant = _architecture(platform.architecture, platform.variant or "")
    return Platform(
        os=_os_name(platform.os),
        os_version=platform.os_version,
        os_features=sorted(set(platform.os_features)) if platform.os_features else None,
        architecture=architecture,
        variant=variant or None,
        extra=platform.extra,
    )


def candidates(platform: Platform) -> Iterator[Platform]:
    """All platforms whose programs run on this one, the best first, normalized."""
    own = normalize(platform)
    for architecture, variant in _ladder(own.architecture, own.variant or ""):
        yield normalize(msgspec.structs.replace(own, architecture=architecture, variant=variant or None))


def matches(wanted: Platform, offered: Platform) -> bool:
    """Whether `offered` is exactly the `wanted` platform; its features may be fewer. `candidates` widens the search."""
    left, right = normalize(wanted), normalize(offered)
    same = (left.os, left.architecture, left.variant) == (right.os, right.architecture, right.variant)
    return same and {*(right.os_features or ())} <= {*(left.os_features or ())} and _version_fits(left, right)


def host() -> Platform:
    """The platform of this process."""
    machine = os.uname().machine
    if machine == "aarch64" and sys.maxsize < 2**32:
        machine = "armv8l"
    elif machine == "x86_64" and sys.maxsize < 2**32:
        machine = "i686"
    architecture, variant = _architecture(machine, "")
    return Platform(os=_os_name(sys.platform), architecture=architecture, variant=variant or None)


def _version_fits(wanted: Platform, offered: Platform) -> bool:
    """Windows runs images of its own build only (major, minor and build number)."""
    if wanted.os != "windows" or not wanted.os_version or not offered.os_version:
        return True
    return wanted.os_version.split(".")[:3] == offered.os_version.split(".")[:3]


def _os_name(name: str) -> str:
    lower = name.lower()
    return {"": "linux", "macos": "darwin"}.get(lower, lower)


def _architecture(architecture: str, variant: str) -> tuple[str, str]:
    """Both in the usual words."""
    architecture, variant = architecture.lower(), variant.lower()
    if architecture in _ALIASES:
        architecture, implied = _ALIASES[architecture]
        variant = variant if implied is None else implied
    if architecture == "amd64" and variant == "v1":
        variant = ""
    elif architecture == "arm64":
        variant = {"8": "", "v8": "", "v8.0": "", "9": "v9", "9.0": "v9", "v9.0": "v9"}.get(variant, variant)
    elif architecture == "arm":
        variant = {"": "v7", "5": "v5", "6": "v6", "7": "v7", "8": "v8"}.get(variant, variant)
    return architecture, variant


def _ladder(architecture: str, variant: str) -> Iterator[tuple[str, str]]:
    """Architecture and variant, and then all below it that it runs as well."""
    if architecture == "arm64":
        yield from _arm64_ladder(variant or "v8")
        return
    yield architecture, variant
    number = variant.removeprefix("v")
    level = int(number) if number.isascii() and number.isdigit() and len(number) == 1 else 0
    if architecture == "amd64":
        for lower in range(level - 1, 0, -1):
            yield architecture, f"v{lower}"
        yield "386", ""
    elif architecture == "arm":
        for lower in range(level - 1, 4, -1):
            yield architecture, f"v{lower}"


def _arm64_ladder(variant: str) -> Iterator[tuple[str, str]]:
    match = re.fullmatch(r"v([89])(?:\.([0-9]))?", variant)
    if match is None:
        yield "arm64", variant
        return
    major, minor = int(match[1]), int(match[2] or 0)
    if major == 9:
        for lower in range(minor, -1, -1):
            yield "arm64", f"v9.{lower}"
        minor = min(minor + _ARMV9_BEHIND, _LAST_MINOR)
    for lower in range(minor, -1, -1):
        yield "arm64", f"v8.{lower}"
    yield from _ladder("arm", "v8")


def _quoted(text: str) -> str:
    return quote(text, safe="._-")
