"""`import_aci`: an app container image becomes an image of OCI, and is copied to where it shall be."""

from __future__ import annotations

from contextlib import ExitStack

from tiffin.image.aci.config import annotations_of, config_tree
from tiffin.image.aci.dependencies import Candidates, layers_of
from tiffin.image.aci.labels import left_out as left_out_of
from tiffin.image.aci.layer import LayerMaker
from tiffin.image.aci.platform import platform_of
from tiffin.image.aci.rendering import render
from tiffin.image.aci.source import RenderedSource
from tiffin.image.aci.streams import LIMITS
from tiffin.image.aci.survey import survey
from tiffin.image.transfer.copy import copy_image
from tiffin.image.transfer.events import nobody
from tiffin.image.transfer.options import CopyOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tiffin.image.documents import Descriptor, Platform
    from tiffin.image.layers.limits import Limits
    from tiffin.image.transfer.events import Report
    from tiffin.image.transfer.protocol import ImageDestination

COMPRESSION = "gzip"


def _nobody(sentence: str) -> None:
    """Takes what is left out, and drops it: the labels of the image have nearly all of it."""


def import_aci(
    path: str,
    destination: ImageDestination,
    *,
    dependencies: Sequence[str] = (),
    platform: Platform | None = None,
    options: CopyOptions | None = None,
    limits: Limits | None = None,
    report: Report = nobody,
    left_out: Callable[[str], None] = _nobody,
) -> Descriptor:
    """Imports an image of appc 0.x. Signatures (`.aci.asc`) are not looked at: check them before.

    Every image that it depends on becomes a layer, its own files the last one. The same images give the same digests
    with the same library of compression.

    Args:
        path: the file.
        destination: where to.
        dependencies: files, and folders with files *.aci, in which what it depends on is looked for.
        platform: of an image whose labels name none; this machine's if None.
        options: as of a copy; layers are compressed with gzip if it does not say anything else.
        limits: how much each image may be, uncompressed; LIMITS if None.
        report: takes the events of the copy, from several threads.
        left_out: takes sentences on what the image cannot have, or has only in labels that runtimes do not read.

    Returns:
        the descriptor of the manifest at the destination.

    Raises:
        InvalidImage: if an image breaks the specification, is broken or hostile, or depends on itself.
        DigestMismatch: if an image is not the one that another depends on.
        NotFound: if an image that another depends on is not among `dependencies`.
        FailedPrecondition: if there are several for one dependency.
        Unsupported: for another version of appc, or what the destination cannot have.
        OSError: if there is no such file, the disk is full, or the like.
    """
    chosen, bounds = options or CopyOptions(), limits or LIMITS
    image = survey(path, bounds)
    runs_on = platform_of(image.manifest.labels, platform, repr(path))
    with ExitStack() as stack:
        maker = LayerMaker(bounds, chosen.compression or chosen.plain_becomes or COMPRESSION, chosen.level)
        rendered = render(layers_of(image, Candidates(dependencies, bounds)), maker, stack)
        config = config_tree(image, rendered, runs_on)
        source = RenderedSource(path, rendered, config, annotations_of(image), runs_on)
        made = copy_image(source, destination, chosen, report)
    for sentence in (*rendered.left_out, *left_out_of(image.manifest)):
        left_out(sentence)
    return made
