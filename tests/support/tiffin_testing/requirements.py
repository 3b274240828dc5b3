"""What a test needs of its host, by the names of the rows of `tiffin doctor`.

Elsewhere a test whose needs are not met is skipped. In CI (CI=true) the needs that `tools/ci-promises.txt` lists
must be met: there a test fails instead, so that no tier turns green by running nothing.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tiffin.runtime.host import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiffin.runtime.host import Finding

PROMISES = Path(__file__).resolve().parents[3] / "tools" / "ci-promises.txt"


@functools.cache
def finding_of(name: str) -> Finding:
    """The finding of one row, probed once in a session; raises KeyError for a name that is no row."""
    return probe([name])[name]


def unmet(names: Iterable[str]) -> dict[str, Finding]:
    """Those of the rows that this host does not have."""
    return {name: found for name in names if not (found := finding_of(name)).available}


def promised_in_ci() -> frozenset[str]:
    """The names in tools/ci-promises.txt, when this is CI; else none."""
    if os.environ.get("CI", "").lower() not in {"1", "true"}:
        return frozenset()
    lines = (line.partition("#")[0].strip() for line in PROMISES.read_text().splitlines())
    return frozenset(line for line in lines if line)
