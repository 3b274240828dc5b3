"""The images below an image: found among the files that the caller gave, and brought into the order of layers.

Source: appc specification 0.8, `aci.md`, "Dependency Matching", and `ace.md`, "Filesystem Setup".
"""

from __future__ import annotations

import os

from tiffin.image.aci.selection import paths_of
from tiffin.image.aci.survey import Survey, read_manifest, survey
from tiffin.image.errors import DigestMismatch, FailedPrecondition, InvalidImage, NotFound
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tiffin.image.aci.manifest import Dependency, ImageManifest
    from tiffin.image.layers.limits import Limits

SUFFIX = ".aci"
MOST_LAYERS = 127  # what Docker's and containerd's snapshots of overlayfs can stack


class Placed(Record):
    """One layer: an image, and the whitelists that hold for its files. An image may be there more than once."""

    image: Survey
    whitelists: tuple[frozenset[bytes], ...]


class Candidates:
    """The images that dependencies are looked for among.

    Args:
        places: files, and folders whose files *.aci are meant.
        limits: how much each may be.

    Raises:
        InvalidImage, Unsupported: if one of them is no image.
        OSError: if there is no such file, or the like.
    """

    def __init__(self, places: Sequence[str], limits: Limits) -> None:
        self._limits = limits
        self._manifests = {path: read_manifest(path, limits) for path in _files(places)}
        self._surveys: dict[str, Survey] = {}

    def survey(self, path: str) -> Survey:
        """All that is in an image; it is read once."""
        if path not in self._surveys:
            self._surveys[path] = survey(path, self._limits)
        return self._surveys[path]

    def find(self, wanted: Dependency, by: str) -> Survey:
        """The image that a dependency is.

        Args:
            wanted: what the image `by` says of it.

        Raises:
            NotFound: if there is none.
            FailedPrecondition: if there are several that differ.
            DigestMismatch: if there is one, with another ID or size.
        """
        named = [path for path, manifest in self._manifests.items() if _fits(manifest, wanted)]
        if not named:
            raise NotFound(
                f"{by!r} needs the image {_shown(wanted)}; give its file. There are: "
                f"{', '.join(sorted({one.name for one in self._manifests.values()})) or 'none'}"
            )
        if wanted.image_id or len(named) > 1:
            named = self._by_identity(named, wanted)
        return self._sized(self.survey(named[0]), wanted)

    def _by_identity(self, paths: list[str], wanted: Dependency) -> list[str]:
        """Those with the right ID; where none is asked for, the one that there is. Raises as `find`."""
        identities = {path: self.survey(path).image_id for path in paths}
        found = [path for path in paths if identities[path].startswith(wanted.image_id)]
        if not found:
            raise DigestMismatch(
                f"{paths[0]!r} is called {_shown(wanted)}, and has the ID {identities[paths[0]]} "
                f"in place of {wanted.image_id}"
            )
        if len({identities[path] for path in found}) > 1:
            raise FailedPrecondition(
                f"several images are {_shown(wanted)}: {', '.join(found)}; give one of them only"
            )
        return found

    @staticmethod
    def _sized(found: Survey, wanted: Dependency) -> Survey:
        """The specification does not tell whether a size is meant of the file or of what is in it."""
        if wanted.size and wanted.size not in (found.stored, found.size):
            raise DigestMismatch(
                f"{found.path!r} has {found.stored} bytes, {found.size} uncompressed; "
                f"{wanted.size} are expected of {_shown(wanted)}"
            )
        return found


def layers_of(image: Survey, candidates: Candidates) -> list[Placed]:
    """The layers of an image, the lowest first, as the specification orders them: depth first, the image last.

    Raises:
        NotFound, FailedPrecondition, DigestMismatch: as `Candidates.find`.
        InvalidImage: for a circle of dependencies, or too many layers.
    """
    found: list[Placed] = []
    for placed in _below(image, candidates, (), ()):
        found.append(placed)
        if len(found) > MOST_LAYERS:
            raise InvalidImage(f"{image.path!r} has more than {MOST_LAYERS} dependencies, counted by path")
    return found


def _below(
    image: Survey,
    candidates: Candidates,
    whitelists: tuple[frozenset[bytes], ...],
    above: tuple[Survey, ...],
) -> Iterator[Placed]:
    chain = (*above, image)
    if len(chain) > MOST_LAYERS or any(image.image_id == one.image_id for one in above):
        names = " -> ".join(one.manifest.name for one in chain)
        raise InvalidImage(f"{chain[0].path!r} has dependencies in a circle: {names}")
    own = image.manifest.path_whitelist
    if own:
        whitelists = (*whitelists, paths_of(own))
    for wanted in image.manifest.dependencies:
        below = candidates.find(wanted, image.manifest.name)
        yield from _below(below, candidates, whitelists, chain)
    yield Placed(image, whitelists)


def _fits(manifest: ImageManifest, wanted: Dependency) -> bool:
    return manifest.name == wanted.image_name and wanted.labels.items() <= manifest.labels.items()


def _shown(wanted: Dependency) -> str:
    labels = "".join(f",{name}={value}" for name, value in wanted.labels.items())
    return f"{wanted.image_name}{labels}"


def _files(places: Sequence[str]) -> Iterator[str]:
    for place in places:
        if os.path.isdir(place):
            yield from (
                os.path.join(place, name) for name in sorted(os.listdir(place)) if name.endswith(SUFFIX)
            )
        else:
            yield place
