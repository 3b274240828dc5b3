"""Our executor and real runc, given the same bundle, must give the container the same surroundings.

The list of differences that we accept, each with its reason, stands in `accepted.py`. `TIFFIN_DIFFERENTIAL_SUBJECT`
puts another runtime in our place: with `runc` there, every case passes, which tests the test.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.differential.accepted import accepted
from tests.differential.corpus import Case, Tree, cases
from tests.differential.generated import generated_cases
from tests.differential.observe import Subject, differences, observe

from tiffin_testing.oci_runtime import runtime_command

HERE = Path(__file__).parent
pytestmark = pytest.mark.requires("root", "runc", "gcc")


@pytest.fixture(scope="module")
def workshop() -> Iterator[Path]:
    """A folder below one that every user may enter, since user namespaces have to reach it."""
    with tempfile.TemporaryDirectory(prefix="tiffin-differential-", dir="/var/tmp") as name:
        os.chmod(name, 0o755)  # noqa: S103  # ids of a user namespace must enter it
        yield Path(name)


@pytest.fixture(scope="module")
def probe(workshop: Path) -> Path:
    program = workshop / "probe"
    command = [
        "gcc",
        "-O2",
        "-static",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-o",
        str(program),
        str(HERE / "probe.c"),
    ]
    subprocess.run(command, check=True)
    return program


@pytest.fixture(scope="module")
def base(workshop: Path) -> Tree:
    """The config that `runc spec` makes, without a terminal."""
    subprocess.run(["runc", "spec", "-b", str(workshop)], check=True)
    tree: Tree = json.loads((workshop / "config.json").read_text())
    tree["process"]["terminal"] = False
    tree["linux"].setdefault("resources", {}).setdefault("devices", [{"allow": False, "access": "rwm"}])
    return tree


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
