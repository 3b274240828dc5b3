"""Which of a client's mounts are ours to make: all before the last one that only we understand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.manager.mounts.transforms import TRANSFORMS
from tiffin.runtime.record import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.manager.mounts.transforms import Transform
    from tiffin.shim.events.values import Mount


class Step(Record):
    """A mount, and what is done to it first. mount: with the type that is left."""

    mount: Mount
    transforms: tuple[Transform, ...] = ()


class Plan(Record):
    """ours: to be made. left: for whoever has asked; the first of them may have transforms, too."""

    ours: tuple[Step, ...]
    left: tuple[Step, ...]


def plan(mounts: Sequence[Mount], *, everything: bool) -> Plan | None:
    """None: the client can make all of them by itself.

    everything: all are ours, and the client gets one to bind.
    """
    steps = tuple(map(_step, mounts))
    needed = [number for number, step in enumerate(steps) if step.transforms]
    if everything:
        return Plan(steps, ())
    if not needed:
        return None
    return Plan(steps[: needed[-1]], steps[needed[-1] :])


def _step(mount: Mount) -> Step:
    transforms, kind = [], mount.type
    while (parts := kind.partition("/"))[1] and parts[0] in TRANSFORMS:
        transforms.append(TRANSFORMS[parts[0]])
        kind = parts[2]
    return Step(mount.replace(type=kind), tuple(transforms))
