"""Our executor and crun: what a container sees differs only in what stands in `accepted_crun.py`.

Both are in a mount namespace with a layout of cgroups that crun works with. `TIFFIN_DIFFERENTIAL_SUBJECT` puts another
runtime in our place: with `crun` there, only what it refuses fails; with `runc`, only where we go beyond it.
"""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.differential.accepted_crun import ABSENT, as_ours, refused
from tests.differential.corpus import Case, Tree, cases
from tests.differential.generated import generated_cases
from tests.differential.observe import Facts, Subject, observe

from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.oci_runtime import runtime_command, without_hybrid

pytestmark = pytest.mark.requires("root", "runc", "crun", "gcc")


@pytest.fixture(scope="module")
def crun(workshop: Path) -> Subject:
    return Subject(tuple(runtime_command("crun")), workshop / "crun")


@pytest.fixture(scope="module")
def subject(workshop: Path) -> Subject:
    command = runtime_command(os.environ.get("TIFFIN_DIFFERENTIAL_SUBJECT", "tiffin-runtime"))
    return Subject(tuple(without_hybrid(command)), workshop / "ours")


@pytest.fixture
def placed(base: Tree, cgroup_parent: CgroupParent) -> Iterator[Tree]:
    """The base with cgroups by name: without one, each runtime chooses as it likes. Fails if ours are still there."""
    tree = copy.deepcopy(base)
    tree["linux"]["cgroupsPath"] = cgroup_parent.path_for("container")
    yield tree
    left = cgroup_parent.existing()
    cgroup_parent.remove()
    assert not left


def not_as_expected(case: str, ours: Facts, theirs: Facts) -> list[str]:
    found = []
    for name in sorted(key for key in ours.keys() | theirs.keys() if not key.startswith("#")):
        mine, peer = ours.get(name, ABSENT), theirs.get(name, ABSENT)
        if mine != peer and as_ours(case, name, peer) not in {mine, None}:
            found.append(f"{name}: ours {mine!r}, crun's {peer!r}")
    return found


@pytest.mark.parametrize("case", [*cases(), *generated_cases()], ids=lambda case: case.name)
def test_the_container_sees_what_it_sees_under_crun(
    case: Case,
    workshop: Path,
    probe: Path,
    placed: Tree,
    crun: Subject,
    subject: Subject,
    cgroup_parent: CgroupParent,
) -> None:
    folder = workshop / "run"
    facts = []
    for runtime in (crun, subject):
        cgroup_parent.remove()  # crun leaves those of a container that it could not make
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        # crun gives its standard input to the container's root, even if it is the host's /dev/null
        stdin = folder / "input"
        stdin.touch()
        facts.append(observe(runtime, case, placed, probe, folder, stdin=stdin))
    theirs, ours = facts
    said = f"\nours said: {ours.get('#text', '')}\ncrun said: {theirs.get('#text', '')}"
    assert ("refused" in theirs, "refused" in ours) == refused(case.name), said
    if not any(refused(case.name)):
        found = not_as_expected(case.name, ours, theirs)
        assert not found, "\n".join(found) + said
