"""`ctr` shows on our shim what it shows on the real one: the tests of the runtime below it (tests/interop)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packages.shim.tests.interop.conftest import OURS, REAL, Subject
from tests.interop.containerd import test_run, test_task
from tests.interop.containerd.test_run import (  # noqa: F401  # pytest finds tests by their names
    test_a_namespace_is_joined_by_its_path,
    test_a_terminal_is_one,
    test_flags_take_effect,
    test_run_gives_output_and_exit_status,
    test_the_network_of_the_host_is_the_hosts,
)
from tests.interop.containerd.test_task import (  # noqa: F401
    test_a_checkpoint_that_criu_cannot_make_leaves_the_task_running,
    test_a_detached_exec_is_killed_alone,
    test_a_running_task_is_deleted_by_force_only,
    test_exec_has_a_terminal,
    test_kill_ends_the_task,
    test_metrics_and_processes_are_seen,
    test_pause_and_resume,
)

if TYPE_CHECKING:
    from tests.interop.client import Client

pytestmark = pytest.mark.requires("root", "containerd", "ctr", "runc", "crun", "busybox")


@pytest.fixture(params=(REAL, OURS, Subject("tiffin", "runc")), ids=lambda subject: str(subject.name))
def subject(request: pytest.FixtureRequest) -> Subject:
    """Fewer than elsewhere: what `ctr` shows of another runtime is that runtime's own (crun has words of its own)."""
    found: Subject = request.param
    return found


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("no-such-program", 'exec: "no-such-program": executable file not found in $PATH'),
        ("/nope", "no such file or directory"),
        ("/etc", "permission denied"),
    ],
)
def test_a_program_that_cannot_be_run(ctr: Client, run: tuple[str, ...], program: str, text: str) -> None:
    test_run.test_a_program_that_cannot_be_run_is_told(ctr, run, program, text)


def test_exec_runs_in_the_task(ctr: Client, task: str) -> None:
    test_task.test_exec_runs_in_the_task(ctr, task)
