"""`Image`: one image for one platform, found and verified, whose layers can be opened."""

from __future__ import annotations

from tiffin.image.documents import ImageConfig
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tiffin.image.verified import Readable


class Layer(Record):
    """One layer, not yet read.

    diff_id: the digest of the uncompressed tar stream.
    digest: the digest of the stored bytes; None in a docker-archive, where only the diff_id is known.
    size: how many bytes are stored; None if unknown.
    open: opens the stored bytes, for a `with` statement.
    """

    diff_id: str
    digest: str | None
    size: int | None
    open: Callable[[], AbstractContextManager[Readable]]


class Image(Record):
    """name: what a person called it. config: read and verified. layers: bottom first."""

    name: str
    config: ImageConfig
    layers: tuple[Layer, ...]
