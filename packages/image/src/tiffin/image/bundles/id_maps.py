"""Which id maps a user namespace can have. Source: user_namespaces(7), "Defining user and group ID mappings"."""

from __future__ import annotations

from itertools import pairwise

from tiffin.image.errors import InvalidArgument
from tiffin.image.layers.owners import MOST_ID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.layers.owners import IdMaps, IdRange

MOST_ROWS = 340


def check_maps(ids: IdMaps) -> None:
    """Raises InvalidArgument for maps that the kernel would refuse, and for those that have no root."""
    for kind, rows in (("uid", ids.uids), ("gid", ids.gids)):
        if not 0 < len(rows) <= MOST_ROWS:
            raise InvalidArgument(f"the {kind} map has {len(rows)} rows; it may have 1 to {MOST_ROWS}")
        for row in rows:
            _check_row(row, kind)
        for side in ("container", "host"):
            _check_apart(sorted((int(getattr(row, side)), row.size) for row in rows), f"{kind} map", side)
        if min(row.container for row in rows):
            raise InvalidArgument(
                f"the {kind} map has no root: what it does not map could belong to nobody; begin with 0:HOST:SIZE"
            )


def _check_row(row: IdRange, kind: str) -> None:
    if row.size < 1 or not all(0 <= first <= MOST_ID - row.size + 1 for first in (row.container, row.host)):
        raise InvalidArgument(
            f"the {kind} map has the row {row.container}:{row.host}:{row.size}; ids are 0 to {MOST_ID}"
        )


def _check_apart(spans: list[tuple[int, int]], what: str, side: str) -> None:
    for (first, size), (after, _) in pairwise(spans):
        if first + size > after:
            raise InvalidArgument(f"the {what} has the {side} id {after} twice")
