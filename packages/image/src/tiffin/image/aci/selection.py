"""`Selection`: which files of an image come into its layer, and under which names.

The whitelist of an image holds for its own files and for those of the images below it, so that several may hold for
one. Source: appc specification 0.8, `aci.md`, "pathWhitelist", and `ace.md`, "Filesystem Setup".
"""

from __future__ import annotations

from tiffin.image.aci.names import ancestors, reads_as_whiteout
from tiffin.image.aci.survey import Member, Survey
from tiffin.image.layers.names import clean
from tiffin.image.layers.tar.entry import DIRECTORY, HARD_LINK
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Written(Record):
    """How an entry is written. target: what a hard link is another name of; None for an entry with its own content."""

    name: bytes
    target: bytes | None


class Selection(Record):
    """written: by the path in the image; b"" is the root. unnameable: what no layer can have."""

    written: dict[bytes, Written]
    unnameable: tuple[bytes, ...]


def paths_of(whitelist: Sequence[str]) -> frozenset[bytes]:
    """The paths of a whitelist, relative to the root."""
    return frozenset(clean(path.encode()) for path in whitelist)


def select(image: Survey, whitelists: Sequence[frozenset[bytes]]) -> Selection:
    """Chooses the files that all whitelists have; directories above them stay too."""
    members = image.members
    unnameable = tuple(path for path in members if reads_as_whiteout(path))
    kept = dict(members)
    for path in unnameable:
        del kept[path]
    for whitelist in whitelists:
        kept = _listed(kept, whitelist)
    return Selection(_names(members, kept), unnameable)


def _listed(members: Mapping[bytes, Member], whitelist: frozenset[bytes]) -> dict[bytes, Member]:
    above = {
        folder
        for path in whitelist
        for folder in ancestors(path)
        if folder in members and members[folder].type == DIRECTORY
    }
    return {
        path: member for path, member in members.items() if not path or path in whitelist or path in above
    }


def _names(members: Mapping[bytes, Member], kept: Mapping[bytes, Member]) -> dict[bytes, Written]:
    """Where the file that a kept hard link is to is not kept, the first such link takes its place."""
    first: dict[bytes, bytes] = {}
    for path, member in kept.items():
        if member.type == HARD_LINK and member.target not in kept:
            first.setdefault(member.target, path)
    found = {path: Written(name, None) for path, name in first.items()}
    for path, member in kept.items():
        if member.type != HARD_LINK:
            found[path] = Written(path, None)
        elif first.get(member.target) != path:
            found[path] = Written(path, first.get(member.target, member.target))
    return {path: found[path] for path in members if path in found}
