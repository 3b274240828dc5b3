"""A state directory that is full or read-only: a clear error, nothing left, and what runs can still be handled."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root", "unshare")

Make = Callable[..., Bundle]
PAGE = 4096  # tmpfs gives space by pages
SECONDS = 60

# A small file system of our own for the state; `rt` is the runtime.
FRAME = """
set -u
root=$1 options=$2 bundle=$3 id=$4
shift 4
mkdir -p "$root"
mount -t tmpfs -o "$options" tmpfs "$root"
rt() { "$@"; }
"""
CREATE = 'rt "$@" create --bundle "$bundle" "$id" </dev/null >"$bundle/said" 2>&1; code=$?\n'


def only_ours(runtime: OCIRuntime) -> None:
    if runtime.name == "runc":
        pytest.skip(
            "Debian's runc leaves a half-made state directory, or deletes the cgroup and forgets the container"
        )


def in_small_state(
    runtime: OCIRuntime, bundle: Bundle, container: str, options: str, script: str
) -> tuple[str, str]:
    """Runs a script in a mount namespace of its own, whose state directory is a tmpfs.

    Returns what the script wrote, and what the runtime said in it.
    """
    command = ["unshare", "-m", "--propagation", "private", "sh", "-c", FRAME + script, "sh"]
    subject = [*runtime.command, "--root", str(runtime.root)]
    arguments = [str(runtime.root), options, str(bundle.path), container, *subject]
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done
    assert done.stderr == ""
    return done.stdout, (bundle.path / "said").read_text()


@pytest.mark.parametrize(
    "options",
    [
        *(f"size={pages * PAGE}" for pages in range(1, 7)),
        *(f"nr_inodes={count}" for count in range(1, 8)),
    ],
)
def test_a_create_that_finds_no_room_leaves_nothing(
    options: str, runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    only_ours(runtime_under_test)
    script = CREATE + (
        'test $code = 0 || { echo $code; ls -A "$root"; exit 0; }\n'
        'rt "$@" delete --force "$id" || exit; echo made; ls -A "$root"\n'
    )
    bundle = bundle_factory(args=["sleep", "1000"])
    wrote, said = in_small_state(runtime_under_test, bundle, container_id, options, script)
    assert wrote in {"1\n", "made\n"}
    assert (wrote == "made\n") == (said == "")
    assert "Traceback" not in said
    assert wrote == "made\n" or "no space left on device" in said.lower()


def test_a_container_can_be_handled_though_the_disk_is_full(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    script = CREATE + (
        'cat "$bundle/said"; dd if=/dev/zero of="$root/ballast" bs=4k 2>/dev/null\n'
        'rt "$@" start "$id" && rt "$@" exec "$id" true && rt "$@" kill "$id" KILL && rt "$@" delete --force "$id"\n'
        'echo $?; ls -A "$root"\n'
    )
    bundle = bundle_factory(args=["sleep", "1000"])
    wrote, _ = in_small_state(runtime_under_test, bundle, container_id, "size=1m", script)
    assert wrote == "0\nballast\n"


def test_a_state_directory_that_is_read_only_is_said_so(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    script = 'mount -o remount,ro "$root"\n' + CREATE + 'echo $code; ls -A "$root"\n'
    bundle = bundle_factory(args=["sleep", "1000"])
    wrote, said = in_small_state(runtime_under_test, bundle, container_id, "size=1m", script)
    assert wrote == "1\n"
    assert "read-only file system" in said.lower()
    assert str(runtime_under_test.root) in said


def test_a_container_whose_state_became_read_only_can_be_deleted_later(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    only_ours(runtime_under_test)
    script = CREATE + (
        'mount -o remount,ro "$root"\n'
        'rt "$@" state "$id" >/dev/null && echo state; rt "$@" kill "$id" KILL && echo killed\n'
        'rt "$@" delete --force "$id" >"$bundle/said" 2>&1; echo $?\n'
        'mount -o remount,rw "$root"; rt "$@" delete --force "$id"; echo $?; ls -A "$root"\n'
    )
    bundle = bundle_factory(args=["sleep", "1000"])
    wrote, said = in_small_state(runtime_under_test, bundle, container_id, "size=1m", script)
    assert wrote == "state\nkilled\n1\n0\n"
    assert "Traceback" not in said


def test_a_pid_file_that_cannot_be_written_undoes_the_container(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    bundle = bundle_factory(args=["sleep", "1000"])
    missing = tmp_path / "missing/pid"
    outcome = runtime_under_test.create(container_id, bundle, "--pid-file", missing)
    assert outcome.exit_code == 1
    assert str(missing.parent) in outcome.stderr
    assert list(runtime_under_test.containers()) == []
