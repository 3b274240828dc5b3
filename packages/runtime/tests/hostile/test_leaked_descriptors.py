"""CVE-2024-21626: no descriptor of the host leads a container out, by its directory, its program, or its neighbours.

Runs with Debian's runc too (`--runtime runc`), which has the fixes.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from packages.runtime.tests.lifecycle.containers import FOREVER, Make, created, running
from packages.runtime.tests.old_kernel.denial import only_ours

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")
NUMBERS = range(3, 13)


@pytest.mark.parametrize("number", NUMBERS)
def test_cve_2024_21626_no_descriptor_of_the_host_is_a_working_directory(
    number: int, runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    only_ours(runtime_under_test, "Debian's runc closes them, and reports in many ways")
    script = "cd ../../../../../..; pwd -P; ls -a . | head -50; ls /proc/self/fd"
    bundle = bundle_factory({"process": {"cwd": f"/proc/self/fd/{number}"}}, args=["sh", "-c", script])
    outcome = runtime_under_test.run(container_id, bundle)
    runtime_under_test.delete(container_id, force=True)
    assert outcome.exit_code != 0
    assert "process.cwd" in outcome.stderr


def test_cve_2024_21626_exec_has_no_descriptor_of_the_host_either(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        shown = runtime_under_test.exec(container_id, ["ls", "/proc/self/fd"]).must_succeed()
        assert set(shown.stdout.split()) <= {"0", "1", "2", "3"}  # 3 is the folder that ls lists
        for number in NUMBERS:
            outcome = runtime_under_test.exec(container_id, ["pwd"], "--cwd", f"/proc/self/fd/{number}")
            assert outcome.exit_code != 0, outcome


@pytest.fixture
def program_of_the_host(bundle_factory: Make, tmp_path: Path) -> str:
    """A program outside of every root file system, that needs nothing of one."""
    program = tmp_path / "busybox"
    shutil.copy(bundle_factory().rootfs / "bin/busybox", program)
    return str(program)


@pytest.mark.parametrize("number", NUMBERS)
def test_cve_2024_21626_no_descriptor_of_the_host_leads_to_a_program(
    number: int,
    runtime_under_test: OCIRuntime,
    bundle_factory: Make,
    container_id: str,
    program_of_the_host: str,
) -> None:
    program = f"/proc/self/fd/{number}/..{program_of_the_host}"
    outcome = runtime_under_test.run(container_id, bundle_factory(args=[program, "echo", "escaped"]))
    runtime_under_test.delete(container_id, force=True)
    assert outcome.exit_code != 0
    assert outcome.stdout == ""
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        outcome = runtime_under_test.exec(container_id, [program, "echo", "escaped"])
        assert outcome.exit_code != 0
        assert outcome.stdout == ""


def test_cve_2024_21626_a_container_that_waits_for_its_start_holds_no_directory(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    """Another container in the same pid namespace could enter it by /proc/PID/fd."""
    only_ours(runtime_under_test, "runc's waits in a process that nobody in a container may look into")
    with created(runtime_under_test, bundle_factory(), container_id) as pid:
        held = list(Path(f"/proc/{pid}/fd").iterdir())
        assert held
        assert not [entry for entry in held if entry.is_dir()]
