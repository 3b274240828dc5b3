"""Our executor and real runc, given the same bundle, must give the container the same surroundings.

The list of differences that we accept, each with its reason, stands in `accepted.py`. `TIFFIN_DIFFERENTIAL_SUBJECT`
puts another runtime in our place: with `runc` there, every case passes, which tests the test.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.differential.accepted import accepted
from tests.differential.corpus import Case, Tree, cases
from tests.differential.generated import generated_cases
from tests.differential.observe import Subject, differences, observe

from tiffin_testing.oci_runtime import runtime_command

pytestmark = pytest.mark.requires("root", "runc", "gcc")


@pytest.fixture(scope="module")
def subject(workshop: Path) -> Subject:
    command = runtime_command(os.environ.get("TIFFIN_DIFFERENTIAL_SUBJECT", "tiffin-runtime"))
    return Subject(tuple(command), workshop / "ours")


@pytest.mark.parametrize("case", [*cases(), *generated_cases()], ids=lambda case: case.name)
def test_the_container_sees_what_it_sees_under_runc(
    case: Case, workshop: Path, probe: Path, base: Tree, subject: Subject
) -> None:
    folder = workshop / "run"
    facts = []
    for runtime in (Subject(("runc",), workshop / "theirs"), subject):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        facts.append(observe(runtime, case, base, probe, folder))
    theirs, ours = facts
    found = {
        name: pair for name, pair in differences(ours, theirs).items() if not accepted(case.name, name, *pair)
    }
    assert not found, (
        "\n".join(f"{name}: ours {mine!r}, runc's {peer!r}" for name, (mine, peer) in found.items())
        + f"\nours said: {ours.get('#text', '')}\nrunc said: {theirs.get('#text', '')}"
    )
