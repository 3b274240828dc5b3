"""The parts of the core that can be tested without a container, in C, under the sanitizers (native/*_test.c)."""

from __future__ import annotations

from pathlib import Path

import pytest
from packages.runtime.tests.fuzz.native_programs import build, cases_of, run
from packages.runtime.tests.plan.plans import smallest

from tiffin.runtime.plan.encode import encode
from tiffin.runtime.plan.operation import Plan
from tiffin.runtime.plan.operations import KINDS, STEP_INIT, execute, map_ids, mount, set_cpu_affinity

pytestmark = pytest.mark.requires("clang")
PLAN = Plan(
    (
        mount(STEP_INIT, "", None, "/proc", "proc", "hidepid=2", 14, 0),
        map_ids(2, "", "0 1000 1\n", "0 1000 1\n", "deny", None, None),
        set_cpu_affinity(STEP_INIT, "", (0, 3, 1)),
        execute(STEP_INIT, "", ("sh", "-c", ""), ("PATH=/bin", "HOME=/")),
        *(smallest(number) for number in KINDS),
    )
)


@pytest.mark.parametrize("openat2", [True, False], ids=["openat2", "walk"])
@pytest.mark.parametrize("name", cases_of("paths_test"))
def test_paths(name: str, programs: Path, tmp_path: Path, *, openat2: bool) -> None:
    mode: list[str | Path] = [] if openat2 else ["--without-openat2"]
    run([build("paths_test", programs), name, *mode], folder=tmp_path)


@pytest.mark.parametrize("name", cases_of("report_test"))
def test_report(name: str, programs: Path, tmp_path: Path) -> None:
    run([build("report_test", programs), name], folder=tmp_path)


@pytest.mark.parametrize("name", cases_of("wire_test"))
def test_wire(name: str, programs: Path, tmp_path: Path) -> None:
    run([build("wire_test", programs), name], folder=tmp_path)


@pytest.mark.parametrize("name", cases_of("decode_test"))
def test_decode(name: str, programs: Path, tmp_path: Path) -> None:
    run([build("decode_test", programs), name], folder=tmp_path, data=encode(PLAN))
