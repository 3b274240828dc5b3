"""The platform of an app container image, in Go's words. Source: appc specification 0.8, `aci.md`, "labels"."""

from __future__ import annotations

from tiffin.image.documents import Platform
from tiffin.image.errors import InvalidImage
from tiffin.image.platforms import host_platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# the labels os and arch to GOARCH and variant; the values that the specification allows
ARCHITECTURES = {
    "linux": {
        "amd64": ("amd64", ""),
        "i386": ("386", ""),
        "aarch64": ("arm64", "v8"),
        "aarch64_be": ("arm64be", "v8"),
        "armv6l": ("arm", "v6"),
        "armv7l": ("arm", "v7"),
        "armv7b": ("armbe", "v7"),
        "ppc64": ("ppc64", ""),
        "ppc64le": ("ppc64le", ""),
        "s390x": ("s390x", ""),
    },
    "freebsd": {"amd64": ("amd64", ""), "i386": ("386", ""), "arm": ("arm", "v6")},
    "darwin": {"x86_64": ("amd64", ""), "i386": ("386", "")},
}


def platform_of(labels: Mapping[str, str], default: Platform | None, what: str) -> Platform:
    """What the labels say.

    Args:
        labels: of the image.
        default: for what they do not say: such an image runs anywhere. This machine's if None.
        what: the image, for errors.

    Raises:
        InvalidImage: for a combination that the specification does not have.
    """
    chosen = default or host_platform()
    system, architecture = labels.get("os", ""), labels.get("arch", "")
    if not system:  # "arch is meaningful only if os is provided"
        return chosen
    known = ARCHITECTURES.get(system)
    if known is None:
        raise InvalidImage(f"{what} is for the os {system!r}; appc has {', '.join(ARCHITECTURES)}")
    if not architecture:
        return Platform(system, chosen.architecture, chosen.variant)
    if architecture not in known:
        raise InvalidImage(
            f"{what} is for the arch {architecture!r} of {system}; appc has {', '.join(known)}"
        )
    return Platform(system, *known[architecture])
