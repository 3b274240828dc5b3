"""`Filling`: the layers of one image become files, each in a folder that is there, with two events for each."""

from __future__ import annotations

from contextlib import ExitStack

from tiffin.image.layers.apply import LayerWriter
from tiffin.image.layers.limits import Limits
from tiffin.image.layers.owners import Ownership
from tiffin.image.layers.root import Root
from tiffin.image.layers.whiteouts import WhiteoutForm
from tiffin.image.store.root import is_real_root
from tiffin.image.transfer.events import Progress, Stage
from tiffin.image.unpack import apply_layer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from tiffin.image.image import Image
    from tiffin.image.layers.below import Parents
    from tiffin.image.transfer.events import Report


class Filling:
    """Args: image: whose layers. limits: how much each may be. report: takes the events. stacks: for overlays."""

    def __init__(self, image: Image, limits: Limits | None, report: Report, *, stacks: bool) -> None:
        self._image = image
        self._limits = limits or Limits()
        self._report = report
        self._ownership = Ownership.possible()
        overlay = WhiteoutForm.TRUSTED if is_real_root() else WhiteoutForm.USER
        self._form = overlay if stacks else WhiteoutForm.APPLIED

    def fill(self, number: int, path: str, parents: Sequence[str]) -> Counter[str]:
        """Makes all of a layer. parents: the folders of those below, on overlays. Returns what was left out.

        Raises:
            InvalidImage, Unsupported, OSError: as `tiffin.image.unpack`.
        """
        with ExitStack() as stack:
            root = stack.enter_context(Root(path))
            writer = self.writer(root, [stack.enter_context(Root(parent)) for parent in parents])
            self.started(number)
            self.apply(number, writer)
            writer.finish()
        self.done(number)
        return writer.left_out

    def writer(self, root: Root, parents: Parents, *, late: bool = False) -> LayerWriter:
        """What makes the files of a layer in `root`. late: as for LayerWriter."""
        return LayerWriter(
            root, self._ownership, whiteouts=self._form, parents=parents, late=late, limits=self._limits
        )

    def apply(self, number: int, writer: LayerWriter, check: Callable[[], None] | None = None) -> None:
        """Makes the files of a layer, but does not finish it. check: called often; what it raises ends the layer."""
        if self._image.layers:  # an image without any has one snapshot, which is empty
            what = f"layer {number + 1} of {len(self._image.layers)} of {self._image.name!r}"
            apply_layer(self._image.layers[number], writer, what, self._limits, check)

    def started(self, number: int) -> None:
        """Tells that a layer begins."""
        self._tell(Stage.STARTED, number)

    def done(self, number: int) -> None:
        """Tells that a layer is complete."""
        self._tell(Stage.DONE, number)

    def _tell(self, stage: Stage, number: int) -> None:
        if not self._image.layers:
            return
        layer = self._image.layers[number]
        size = layer.size or 0
        done = size if stage is Stage.DONE else 0
        self._report(Progress(stage, "unpack", layer.digest or layer.diff_id, done, size))
