"""Platforms as BuildKit has them: `--platform` as text, and in the usual words, in which arm64/v8 is arm64.

Dockerfiles compare TARGETPLATFORM and its like with texts: `linux/arm64` must not be `linux/arm64/v8`.
"""

from __future__ import annotations

from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.documents import Platform
from tiffin.spec import platform as known


def parse_platform(text: str) -> Platform:
    """What `--platform` says; what is missing of `linux` or `arm64` is this machine's. Raises Problem."""
    try:
        found = known.parse(text)
    except known.InvalidPlatform as error:
        raise Problem(f"--platform: os/architecture was expected, such as linux/arm64: {error}") from None
    return normal(Platform(found.os, found.architecture, found.variant or ""))


def normal(platform: Platform) -> Platform:
    """The same in the usual words."""
    found = known.normalize(
        known.Platform(os=platform.os, architecture=platform.architecture, variant=platform.variant or None)
    )
    return Platform(found.os, found.architecture, found.variant or "")
