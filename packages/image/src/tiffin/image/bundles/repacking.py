"""`repack`: what was changed in a bundle, as a new image with one more layer."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager

from tiffin.image.bundles.bundle import Bundle, write_bundle
from tiffin.image.bundles.edited_image import EditedImage, NewLayer, edited
from tiffin.image.bundles.history import HistoryEntry, with_entry
from tiffin.image.bundles.lost_owners import has_lost_owners, owners_of, with_owners
from tiffin.image.bundles.source_image import read_again
from tiffin.image.bundles.tree_record import RecordedBelow, record_tree
from tiffin.image.errors import NotFound
from tiffin.image.layers.diff.make import MadeLayer, layer_file
from tiffin.image.layers.diff.walk import changes_since
from tiffin.image.transfer.copy import copy_image
from tiffin.image.transfer.events import nobody
from tiffin.image.transfer.options import CopyOptions
from tiffin.runtime.record import Record
from tiffin.spec.media_type import DOCKER_MANIFEST, LAYER, to_docker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tiffin.image.bundles.source_image import SourceImage
    from tiffin.image.documents import Descriptor
    from tiffin.image.layers.diff.change import Change
    from tiffin.image.transfer.events import Report
    from tiffin.image.transfer.options import Demands
    from tiffin.image.transfer.protocol import ImageDestination, ImageSource

REPACK = HistoryEntry("tiffin repack")


class RepackOptions(Record):
    """How to repack.

    compression: gzip, zstd or none. level: 0 for the usual one. masks: paths at and below which changes do not count.
    mask_volumes: so do the image's Volumes. history: None for no entry. source_date_epoch: seconds since 1970; later
    times become this.
    """

    compression: str = "gzip"
    level: int = 0
    masks: tuple[str, ...] = ()
    mask_volumes: bool = True
    history: HistoryEntry | None = REPACK
    source_date_epoch: int | None = None


class Repacked(Record):
    """A new image, to be copied from. layer: what was added; None if nothing was changed, and nothing is new."""

    image: EditedImage
    layer: MadeLayer | None


def bundle_changes(bundle: Bundle, masks: Collection[bytes] = ()) -> Iterator[Change]:
    """What was changed in a bundle since it was unpacked.

    Raises:
        DataLoss: if what was remembered of the tree is damaged.
        OSError, FailedPrecondition: as `tree_changes`.
    """
    below = RecordedBelow(bundle.tree_file, bundle.tree)
    return changes_since(below, bundle.rootfs, masks=masks)


@contextmanager
def repacked(bundle: Bundle, source: ImageSource, options: RepackOptions | None = None) -> Iterator[Repacked]:
    """The image of a changed bundle, until the `with` block ends: copy it to where it shall be.

    Args:
        bundle: nobody writes to it meanwhile.
        source: where the image is that it was unpacked from.
        options: how.

    Raises:
        NotFound: if the source does not have that image any more.
        DataLoss, FailedPrecondition, Unsupported, OSError: as `bundle_changes` and `make_layer`.
    """
    options = options or RepackOptions()
    try:
        image = read_again(source, bundle.manifest)
    except NotFound as error:
        raise NotFound(
            f"{source.name!r} does not have the image {bundle.manifest.digest} that the bundle was made from"
        ) from error
    docker = bundle.manifest.media_type == DOCKER_MANIFEST
    changes, ids = bundle_changes(bundle, _masks(image, options)), bundle.ids
    if ids is not None and has_lost_owners(bundle):
        changes, ids = with_owners(changes, owners_of(image.unpackable()), ids), None
    with layer_file(
        changes,
        options.compression,
        level=options.level,
        media_type=to_docker(LAYER) if docker else LAYER,
        ids=ids,
        source_date_epoch=options.source_date_epoch,
    ) as (made, file):
        if not made.changes:
            yield Repacked(edited(image, image.config.tree), None)
            return
        tree = with_entry(image.config.tree, options.history, options.source_date_epoch, empty=False)
        yield Repacked(edited(image, tree, [NewLayer(made.diff_id, file)]), made)


def repack(
    bundle: Bundle,
    source: ImageSource,
    destination: ImageDestination,
    demands: Demands,
    options: RepackOptions | None = None,
    *,
    report: Report = nobody,
    refreshed: bool = False,
) -> Descriptor:
    """Copies the image of a changed bundle to a place; its descriptor there.

    Args:
        bundle, source, options: as for `repacked`.
        destination, demands: as `open_destination` gives them.
        report: hears of the progress.
        refreshed: whether the bundle is the new image's afterwards, as by `refresh`.

    Raises:
        ImageFailure, OSError: as `repacked` and `copy_image`; then the bundle is as before.
    """
    with repacked(bundle, source, options) as made:
        copied = copy_image(made.image, destination, demands.applied(CopyOptions(), destination.name), report)
    if refreshed:
        refresh(bundle, destination.name, copied)
    return copied


def _masks(image: SourceImage, options: RepackOptions) -> set[bytes]:
    volumes = (image.config.tree.get("config") or {}).get("Volumes") or {}
    masked = [*options.masks, *(volumes if options.mask_volumes else ())]
    return {os.fsencode(os.path.normpath(path).strip("/")) for path in masked}


def refresh(bundle: Bundle, name: str, manifest: Descriptor) -> Bundle:
    """The bundle is the unpacked image that was just made of it: what is changed from now on comes on top.

    Args:
        bundle: as it was before.
        name: what a person calls the new image. manifest: its own, as the copy returned it.

    Raises:
        OSError: then the bundle is as before.
    """
    digest = record_tree(bundle.rootfs, bundle.path)
    new = bundle.replace(name=name, manifest=manifest.replace(annotations={}), tree=digest)
    with ExitStack() as undo:
        if new.tree != bundle.tree:
            undo.callback(os.unlink, new.tree_file)
        write_bundle(new)
        undo.pop_all()
    if new.tree != bundle.tree:
        os.unlink(bundle.tree_file)
    return new
