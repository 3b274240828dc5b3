"""Random combinations of the hand-made cases: sections must not disturb one another.

They are drawn with a fixed seed, so that every run, and both runtimes, see the same configs.
"""

from __future__ import annotations

import random

from tests.differential.corpus import Case, both, cases

COUNT = 40
SEED = 20250101
LEAST, MOST = 2, 5


def generated_cases() -> tuple[Case, ...]:
    """`COUNT` cases of two to five hand-made ones, applied one after the other."""
    source = random.Random(SEED)  # noqa: S311  # no secret: a reproducible choice
    pool = [case for case in cases() if not case.name.startswith("no-pid")]
    made = []
    for number in range(COUNT):
        parts = source.sample(pool, source.randint(LEAST, MOST))
        asks = tuple(word for part in parts for word in part.asks)
        name = f"{number:02}-" + "+".join(part.name for part in parts)
        made.append(Case(name, both(*(part.change for part in parts)), asks))
    return tuple(made)
