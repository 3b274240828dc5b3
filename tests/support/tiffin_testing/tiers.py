"""The table of tiers, and the rule that puts a test into one of them.

Rule, first match wins: the marker `@pytest.mark.tier("name")`; a folder of the test's path that is called like a
tier; `requires("root", ...)` makes it `kernel`; everything else is `unit`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


@dataclass(frozen=True)
class Tier:
    """One row of the table.

    Args:
        name: as in `./test --tier NAME`, and as the folder's name.
        meaning: what its tests prove.
        needs_root: it cannot run at all without root.
        as_ordinary_user: under root it is run as an ordinary user.
        by_default: `./test` without --tier runs it.
        minutes: time limit of the whole tier.
        beside: it runs at the same time as those that are not, one after the other: two cores have two lanes.
    """

    name: str
    meaning: str
    needs_root: bool = False
    as_ordinary_user: bool = False
    by_default: bool = True
    minutes: int = 10
    beside: bool = False


TIERS = (
    Tier("lint", "ruff, mypy --strict, direction of imports, generated files are up to date"),
    Tier("unit", "no privilege needed", minutes=25, beside=True),
    Tier("kernel", "the runtime, and stores of images, on the real kernel", needs_root=True, minutes=45),
    Tier(
        "load", "managers and shims under kills and churn; small outside of CI", needs_root=True, minutes=40
    ),
    Tier("rootless", "the runtime as an ordinary user", as_ordinary_user=True, minutes=15),
    Tier(
        "interop",
        "podman, containerd, dockerd, buildah with our runtime in runc's place",
        needs_root=True,
        minutes=60,
        beside=True,
    ),
    Tier(
        "differential",
        "what a container sees is what it sees under runc and crun",
        needs_root=True,
        minutes=15,
        beside=True,
    ),
    Tier("packaging", "wheels, sdists, plain pip, Pants, the stacks", minutes=40, beside=True),
    Tier(
        "fuzz",
        "a short run of the fuzzers of the C core, and its unit tests under AddressSanitizer",
        beside=True,
    ),
    Tier("vm", "cgroup v2 in a virtual machine", by_default=False, minutes=30),
)

BY_NAME = {tier.name: tier for tier in TIERS}


def tier_of(item: pytest.Item) -> Tier:
    """The tier that a collected test belongs to; raises KeyError for a marker that names none."""
    if marker := item.get_closest_marker("tier"):
        return BY_NAME[marker.args[0]]
    for folder in reversed(item.path.relative_to(item.config.rootpath).parts[:-1]):
        if folder in BY_NAME:
            return BY_NAME[folder]
    if any("root" in marker.args for marker in item.iter_markers("requires")):
        return BY_NAME["kernel"]
    return BY_NAME["unit"]
