"""Tests of a real counterpart get a second try; those of ours get none.

Such a run tests the test, and the counterpart has faults of its own: `ctr run` of containerd 1.6, for example, gives up
opening a FIFO when the container has ended, and on a busy machine the output of a short one is lost.
"""

from __future__ import annotations

import pytest

from tiffin_testing.tiers import tier_of

COUNTERPARTS = frozenset({"containerd", "crun", "runc"})
SUBJECTS = frozenset({"peer", "running", "runtime", "subject"})
"""The parameters that say what is tested."""
TIERS = frozenset({"interop", "kernel"})
SECOND_TRY = pytest.mark.flaky(reruns=1)


def is_of_counterpart(item: pytest.Item) -> bool:
    """Whether all that it runs against is somebody else's."""
    spec = getattr(item, "callspec", None)
    parameters = spec.params if spec is not None else {}
    names = {name: str(getattr(value, "name", value)) for name, value in parameters.items()}
    of_others = any(names[name] in COUNTERPARTS for name in SUBJECTS & names.keys())
    return of_others and not any("tiffin" in name for name in names.values())


def give_second_try(items: list[pytest.Item]) -> None:
    """Marks them."""
    for item in items:
        if tier_of(item).name in TIERS and is_of_counterpart(item):
            item.add_marker(SECOND_TRY)
