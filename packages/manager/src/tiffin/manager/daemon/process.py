"""What the daemon sets of its own process: limits and how the kernel counts it when memory runs out."""

from __future__ import annotations

import logging
import resource

LOG = logging.getLogger("tiffin.manager.daemon")
M_ARENA_MAX = -8  # malloc.h
ARENAS = 2
WANTED = 65536  # descriptors
_SCORE = "/proc/self/oom_score_adj"


def raise_file_limit() -> None:
    """Allows as many descriptors as a few thousand clients and containers take, if the hard limit does.

    What the daemon starts inherits it, so it is not raised beyond that: some programs go through all numbers.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def set_oom_score(score: int) -> None:
    """Writes oom_score_adj; 0 leaves it. To lower it takes CAP_SYS_RESOURCE: what is not allowed is logged."""
    if not score:
        return
    try:
        with open(_SCORE, "w") as file:
            file.write(str(score))
    except OSError as error:
        LOG.warning("oom_score cannot be set", extra={"fields": {"oom_score": score, "error": error}})


def share_arenas() -> None:
    """Has all threads share two pools of malloc: with one for each, what they leave behind adds up.

    Only glibc has such pools.
    """
    import ctypes

    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:
        tune(M_ARENA_MAX, ARENAS)
