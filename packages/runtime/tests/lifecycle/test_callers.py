"""What a caller may leave to the runtime: an ignored SIGCHLD, a directory that is gone, a log on a full disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from packages.runtime.tests.lifecycle.containers import FOREVER, Make, running, shell

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")
FULL_DISK = "/dev/full"
EXEC_FAILED = 255
IGNORING = ["env", "--ignore-signal=CHLD"]


def hooks(**paths: str | Path) -> dict[str, Any]:
    """A config change: one hook of each kind, a program of the host."""
    return {"hooks": {kind: [{"path": str(path)}] for kind, path in paths.items()}}


@pytest.mark.parametrize("changes", [{}, hooks(prestart="/bin/true")], ids=["plain", "hook"])
def test_a_caller_that_ignores_sigchld_gets_the_exit_code(
    changes: dict[str, Any], runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    ignoring = OCIRuntime([*IGNORING, *runtime_under_test.command], runtime_under_test.root)
    outcome = ignoring.run(container_id, bundle_factory(changes, args=shell("exit 7")))
    assert (outcome.exit_code, outcome.stderr) == (7, "")


def test_hooks_run_though_the_callers_directory_is_gone(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    note, gone = tmp_path / "note", tmp_path / "gone"
    program = tmp_path / "hook"
    program.write_text(f"#!/bin/sh\ntouch {note}\n")
    program.chmod(0o755)
    gone.mkdir()
    bundle = bundle_factory(hooks(poststop=program), args=FOREVER)
    runtime_under_test.create(container_id, bundle).must_succeed()
    in_it = ["sh", "-c", f'cd {gone} && rmdir {gone} && exec "$@"', "sh"]
    elsewhere = OCIRuntime([*in_it, *runtime_under_test.command], runtime_under_test.root)
    elsewhere.delete(container_id, force=True).must_succeed()
    assert note.exists()


def test_a_log_on_a_full_disk_changes_no_exit_code(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(hooks(poststop="/bin/false"), args=FOREVER)
    full = OCIRuntime(runtime_under_test.command, runtime_under_test.root, ["--log", FULL_DISK])
    with running(runtime_under_test, bundle, container_id):
        outcome = full.exec(container_id, ["no-such-program"])
        assert outcome.exit_code == EXEC_FAILED
        assert outcome.stderr.endswith("executable file not found in $PATH\n")
        full.delete(container_id, force=True).must_succeed()
