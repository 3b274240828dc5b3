"""`change_config`: an image with another config, and the same layers."""

from __future__ import annotations

from tiffin.image.bundles.config_changes import ConfigChanges, changed, changed_annotations, check
from tiffin.image.bundles.edited_image import EditedImage, edited
from tiffin.image.bundles.history import HistoryEntry, with_entry
from tiffin.image.bundles.source_image import read_image

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Platform
    from tiffin.image.transfer.protocol import ImageSource

CONFIG = HistoryEntry("tiffin config")


def change_config(
    source: ImageSource,
    changes: ConfigChanges,
    *,
    platform: Platform | None = None,
    history: HistoryEntry | None = CONFIG,
    source_date_epoch: int | None = None,
) -> EditedImage:
    """The image with the changes: copy it to where it shall be.

    Args:
        source: where the image is.
        changes: if they change nothing, the image stays as it is, with its digest.
        platform: which of several images; this machine's if None.
        history: None for no entry.
        source_date_epoch: the time of the entry, in seconds since 1970; None for now.

    Raises:
        InvalidArgument: for changes that cannot be.
        NotFound, InvalidImage: as `read_image`.
    """
    check(changes)
    image = read_image(source, platform)
    tree = changed(image.config.tree, changes)
    annotations = changed_annotations(image.tree, changes)
    if tree != image.config.tree or annotations != (image.tree.get("annotations") or {}):
        tree = with_entry(tree, history, source_date_epoch, empty=True)
    return edited(image, tree, annotations=annotations)
