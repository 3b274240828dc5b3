"""kill -9 at any moment of pull, unpack, commit, healing and collection: nothing is lost, nothing half is left."""

from __future__ import annotations

import os
import random
import secrets
from pathlib import Path

import pytest
from packages.image.tests.crashes.scenarios import SCENARIOS, Kills, Scenario
from packages.image.tests.crashes.victims import Victims

EVERY = os.environ.get("TIFFIN_TEST_EVERY_STEP") == "1"
MANY = EVERY or os.environ.get("CI", "").lower() in {"1", "true"}
KILLS = (
    50 if MANY else 8
)  # for each scenario: half of them at a random moment, half before a random system call
SEED = int(os.environ.get("TIFFIN_TEST_SEED", secrets.randbelow(1 << 32)))

pytestmark = [
    pytest.mark.requires("root", "overlayfs", "libseccomp", "seccomp_notify"),
    pytest.mark.timeout(3600 if EVERY else 300),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_store_survives_kills(
    scenario: Scenario, place: Path, sources: tuple[str, str], victims: Victims
) -> None:
    kills = Kills(scenario, place / scenario.name, sources, victims)
    chance = random.Random(f"{SEED} {scenario.name}")  # noqa: S311  # no secret
    moments = [chance.uniform(0, kills.seconds) for _ in range(KILLS // 2)]
    steps = range(1, kills.steps + 1) if EVERY else chance.sample(range(1, kills.steps + 1), KILLS // 2)
    print(f"seed {SEED}: {kills.steps} steps in {kills.seconds:.3f} s")
    problems = []
    for number, moment in enumerate(moments):
        wrong = kills.after(moment, collect_first=bool(number % 2))
        problems += [f"killed after {moment:.4f} s: {line}" for line in wrong]
    for number, step in enumerate(steps):
        wrong = kills.before(step, collect_first=bool(number % 2))
        problems += [f"killed before step {step}: {line}" for line in wrong]
    assert not problems, f"TIFFIN_TEST_SEED={SEED}\n" + "\n".join(problems)
