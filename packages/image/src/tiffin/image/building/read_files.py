"""The files that a step reads: their digests, for its key; and whether some were changed while they were read.

Then its result is not what its key says.
"""

from __future__ import annotations

import time
from functools import partial
from itertools import chain

from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.building.execute.copy.selection import excluded_by, sources_of
from tiffin.image.building.stages.steps import CopyStep, RunStep
from tiffin.image.building.trees import source_of
from tiffin.image.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.image.building.context.ignore import Ignored
    from tiffin.image.building.context.sources import Source
    from tiffin.image.building.context.tree import SourceTree
    from tiffin.image.building.stages.steps import Origin, RunMount, Step
    from tiffin.image.building.trees import Trees

    Find = Callable[[SourceTree], list[Source]]

CLOCK_REALTIME_COARSE = 5  # linux/time.h: what the times of files come from; Python has no name for it
STEP = 0.012  # seconds: more than that clock stands still


def digests_of(trees: Trees, step: Step) -> list[str]:
    """Digests of what a step reads. Raises NotFound, Problem, OSError."""
    if isinstance(step, CopyStep):
        return [trees.copied(step)]
    return list(map(trees.seen, step.mounts)) if isinstance(step, RunStep) else []


def now_of_files(begun: int) -> int:
    """The time that a file gets if it is changed now, in nanoseconds since 1970.

    Args:
        begun: a time before. What was changed until then does not count as changed now: the clock's next step is
            waited for if need be.
    """
    now = time.clock_gettime_ns(CLOCK_REALTIME_COARSE)
    if now > begun:
        return now
    time.sleep(STEP)
    return time.clock_gettime_ns(CLOCK_REALTIME_COARSE)


def changed(trees: Trees, step: Step, since: int) -> bool:
    """Whether a file of a context that a step reads was changed, so that its digest may be that of before.

    Files that went away are not seen. Raises OSError.

    Args:
        trees: where it reads from. since: when its digests were begun to be taken, of `now_of_files`.
    """
    if isinstance(step, CopyStep):
        return _is_newer(trees, step.origin, partial(sources_of, step), excluded_by(step), since)
    mounts = step.mounts if isinstance(step, RunStep) else ()
    return any(_is_newer(trees, one.origin, partial(_mounted, one), None, since) for one in mounts)


def _mounted(mount: RunMount, tree: SourceTree) -> list[Source]:
    return [source_of(tree, mount)]


def _is_newer(trees: Trees, origin: Origin | None, find: Find, excluded: Ignored | None, since: int) -> bool:
    if origin is None or origin.kind != "context":
        return False
    with trees.opened(origin) as tree:
        try:
            found = [source.item for source in find(tree)]
        except (NotFound, Problem):  # it was there
            return True
        below = (item for one in found if one.is_directory for item in tree.walk(one.path, excluded))
        # the time of a directory says nothing: it may be that of a file in it that is left out
        return any(item.status.st_ctime_ns >= since and not item.is_directory for item in chain(found, below))
