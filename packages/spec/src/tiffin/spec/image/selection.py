"""Which manifest of an index suits a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.spec.media_type import is_index
from tiffin.spec.platform import Platform, candidates, host, matches, normalize

if TYPE_CHECKING:
    from tiffin.spec.image.descriptor import Descriptor
    from tiffin.spec.image.manifest import Index

_ATTESTATION = (
    "vnd.docker.reference.type"  # BuildKit's attestations stand in the index for platform unknown/unknown
)


class NoMatchingPlatform(LookupError):
    """An index has nothing for the platform; `offered` are those that it has."""

    def __init__(self, wanted: Platform, offered: list[Platform]) -> None:
        self.wanted = wanted
        self.offered = offered
        names = ", ".join(str(one) for one in offered) or "none that says its platform"
        super().__init__(f"no image for {wanted}; the index has {names}")


def select_manifests(index: Index, platform: Platform | None = None) -> list[Descriptor]:
    """All manifests that run on the platform (default: the host), the most suitable first, as containerd orders them.

    One without a platform, or of an index below this one, suits any, but comes last: a reader must look into it.
    """
    wanted = normalize(platform or host())
    ranked = []
    for place, descriptor in enumerate(index.manifests):
        if descriptor.annotations and _ATTESTATION in descriptor.annotations:
            continue
        if descriptor.platform is None or (
            is_index(descriptor.mediaType) and not descriptor.platform.architecture
        ):
            ranked.append((1_000_000, place, descriptor))
            continue
        for rank, candidate in enumerate(candidates(wanted)):
            if matches(candidate, descriptor.platform):
                ranked.append((rank, place, descriptor))
                break
    ranked.sort(key=lambda entry: entry[:2])
    return [descriptor for _rank, _place, descriptor in ranked]


def select_manifest(index: Index, platform: Platform | None = None) -> Descriptor:
    """The manifest that suits the platform best. Raises NoMatchingPlatform."""
    found = select_manifests(index, platform)
    if not found:
        offered = [descriptor.platform for descriptor in index.manifests if descriptor.platform]
        raise NoMatchingPlatform(normalize(platform or host()), offered)
    return found[0]
