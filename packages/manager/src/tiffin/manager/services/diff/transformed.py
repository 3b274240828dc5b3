"""Mounts that only a manager understands, `format/overlay` and so on, for a tree that a layer is made of or applied to.

containerd 2.2 and later applies layers to them (core/diff/apply): its EROFS snapshotter has such mounts, and so may one
of another process.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tiffin.image.durable import make_folder
from tiffin.manager.mounts.activation import ActiveMount
from tiffin.manager.mounts.planning import plan
from tiffin.shim.events.values import Mount
from tiffin.shim.tasks.mounting.mount import mount_one

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.image.snapshots.protocol import Mount as GivenMount


def mounted_in_steps(mounts: Sequence[GivenMount], place: str) -> str:
    """Mounts each at a point of its own, as `Mounts` does; the point of the last. Only in a mount namespace of its own.

    Args:
        place: a folder in the store's `mounts`; the points are `<place>.0` and so on.

    Raises:
        InvalidArgument: an expression that cannot be filled in. Unsupported: a folder is to be made outside of the
            snapshotters. OperationFailed: the kernel refused one.
    """
    given = [Mount(each.type, each.source, "", each.options) for each in mounts]
    wanted = plan(given, everything=True)
    roots = [os.path.join(os.path.dirname(os.path.dirname(place)), "snapshotters")]
    active: list[ActiveMount] = []
    for number, step in enumerate(wanted.ours if wanted is not None else ()):
        mount, point = step.mount, f"{place}.{number}"
        for transform in step.transforms:
            mount = transform(mount, active, roots)
        make_folder(point)
        mount_one(mount, point)
        active.append(ActiveMount(mount, point, 0))
    return active[-1].point
