"""An app container image with all that it depends on, as layers; and what the files of the whole image are."""

from __future__ import annotations

from tiffin.image.aci.names import ancestors
from tiffin.image.aci.selection import Selection, select
from tiffin.image.aci.survey import Member
from tiffin.image.layers.tar.entry import DIRECTORY
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from tiffin.image.aci.dependencies import Placed
    from tiffin.image.aci.layer import LayerMaker, MadeLayer
    from tiffin.image.aci.survey import Survey

FOLDER = Member(DIRECTORY, b"", 0, 0)


class Rendered(Record):
    """layers: the lowest first, each with the image that it comes from. members: the files of all layers together."""

    layers: tuple[tuple[Survey, MadeLayer], ...]
    members: dict[bytes, Member]
    left_out: tuple[str, ...]


def render(placed: Sequence[Placed], maker: LayerMaker, stack: ExitStack) -> Rendered:
    """Makes all layers; `stack` closes their files.

    Raises:
        InvalidImage, OSError: as `LayerMaker.make`.
    """
    members: dict[bytes, Member] = {}
    made: dict[object, MadeLayer] = {}
    layers = []
    left_out: dict[str, None] = {}
    for image, whitelists in placed:
        selection = select(image, whitelists)
        folders = _replaced(selection, members)
        key = (image.image_id, whitelists, tuple(folders))
        if key not in made:
            made[key] = maker.make(image, selection, folders)
            stack.callback(made[key].file.close)
        layers.append((image, made[key]))
        members |= dict.fromkeys(folders, FOLDER)
        members |= {one.name: image.members[path] for path, one in selection.written.items()}
        for path in selection.unnameable:
            left_out[f"the file {path!r} of {image.path!r}: in an OCI layer such a name hides others"] = None
    return Rendered(tuple(layers), members, tuple(left_out))


def _replaced(selection: Selection, below: dict[bytes, Member]) -> list[bytes]:
    """Directories that a layer implies where the layers below have something else, a symbolic link for example.

    The specification wants that replaced, and not followed; an entry of its own does it.
    """
    own = {one.name for one in selection.written.values()}
    found: dict[bytes, None] = {}
    for path in own if below else ():
        for above in ancestors(path):
            if above in own:
                break
            if above in below and below[above].type != DIRECTORY:
                found[above] = None
    return sorted(found)
