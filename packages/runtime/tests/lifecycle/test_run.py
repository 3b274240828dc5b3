"""run: in the foreground with its exit code and signals, detached, and what is passed on."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from packages.runtime.tests.lifecycle.containers import FOREVER, Fifo, Make, shell

from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")


def test_output_and_input_are_the_callers(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    outcome = runtime_under_test.run(
        container_id, bundle_factory(args=shell("cat; echo err >&2")), stdin="a\nb\n"
    ).must_succeed()
    assert (outcome.stdout, outcome.stderr) == ("a\nb\n", "err\n")
    assert not list(runtime_under_test.containers())


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_the_exit_code_is_the_programs(
    code: int, runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(args=shell(f"exit {code}"))
    assert runtime_under_test.run(container_id, bundle).exit_code == code


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, 137), (signal.SIGABRT, 134), (signal.SIGTERM, 143)]
)
def test_death_by_a_signal_is_128_and_its_number(
    number: signal.Signals, code: int, runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    """Without a pid namespace of its own, so that a signal of its own kills it."""
    namespaces = [{"type": kind} for kind in ("mount", "ipc", "uts", "network")]
    bundle = bundle_factory({"linux": {"namespaces": namespaces}}, args=shell(f"kill -{number} $$"))
    assert runtime_under_test.run(container_id, bundle).exit_code == code


class Foreground:
    """A `run` that goes on while the test does something; `bundle` tells by a FIFO when it is ready."""

    def __init__(self, runtime: OCIRuntime, bundle: Bundle, container: str, *flags: str) -> None:
        command = [
            *runtime.command,
            "--root",
            str(runtime.root),
            "run",
            *flags,
            "--bundle",
            str(bundle.path),
            container,
        ]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def finish(self) -> tuple[int, str]:
        out, _ = self.process.communicate(timeout=20)
        return self.process.returncode, out


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1, signal.SIGQUIT]
)
def test_a_signal_is_forwarded(
    number: signal.Signals, runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    script = f"trap 'echo got; exit 7' {number.name.removeprefix('SIG')}; echo > /ready; while :; do sleep 0.05; done"
    bundle = bundle_factory(args=shell(script))
    ready = Fifo(bundle)
    foreground = Foreground(runtime_under_test, bundle, container_id)
    ready.read()
    foreground.process.send_signal(number)
    assert foreground.finish() == (7, "got\n")
    assert not list(runtime_under_test.containers())


def test_a_kill_from_elsewhere_ends_it_with_137(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(args=shell("echo > /ready; exec sleep 1000"))
    ready = Fifo(bundle)
    foreground = Foreground(runtime_under_test, bundle, container_id)
    ready.read()
    runtime_under_test.kill(container_id).must_succeed()
    assert foreground.finish() == (137, "")


def test_keep_leaves_a_stopped_container(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    assert runtime_under_test.run(container_id, bundle_factory(args=shell("exit 3")), "--keep").exit_code == 3
    assert runtime_under_test.status(container_id) == "stopped"
    runtime_under_test.delete(container_id).must_succeed()


def test_detached_it_returns_while_the_program_runs(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    bundle = bundle_factory(args=FOREVER)
    runtime_under_test.run(container_id, bundle, "--detach", "--pid-file", pid_file).must_succeed()
    try:
        state = runtime_under_test.state(container_id)
        assert state["status"] == "running"
        assert pid_file.read_text() == str(state["pid"])
    finally:
        runtime_under_test.delete(container_id, force=True).must_succeed()


def test_a_program_that_cannot_be_executed_leaves_nothing(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    outcome = runtime_under_test.run(container_id, bundle_factory(args=["no-such-program"]))
    assert outcome.exit_code == 1
    assert "executable file not found in $PATH" in outcome.stderr
    assert not list(runtime_under_test.containers())


def test_preserved_descriptors_are_passed_on_and_no_others(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(args=shell("cat <&3; cat <&4; ls /proc/self/fd | tr '\\n' ' '"))
    descriptors = [os.memfd_create(f"test-{index}") for index in range(3)]
    try:
        for index, descriptor in enumerate(descriptors):
            os.write(descriptor, f"{index}\n".encode())
            os.lseek(descriptor, 0, os.SEEK_SET)
        command = f'exec 3<&{descriptors[0]} 4<&{descriptors[1]} 5<&{descriptors[2]}; exec "$@"'
        wrapped = OCIRuntime(
            ["bash", "-c", command, "sh", *runtime_under_test.command], runtime_under_test.root
        )
        outcome = wrapped.run(
            container_id, bundle, "--preserve-fds", "2", pass_fds=descriptors
        ).must_succeed()
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
    # 5 is the folder that ls reads
    assert outcome.stdout == "0\n1\n0 1 2 3 4 5 "


def test_a_descriptor_that_is_not_open_cannot_be_preserved(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    if runtime_under_test.name == "runc":
        pytest.skip("its language's runtime has opened 3 and 4 for itself, and passes them on")
    outcome = runtime_under_test.run(container_id, bundle_factory(), "--preserve-fds", "2")
    assert outcome.exit_code == 1
    assert "preserved-fd 0 (of 2)" in outcome.stderr
    assert not list(runtime_under_test.containers())


def test_sockets_of_systemd_are_handed_on(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(args=shell("echo $LISTEN_FDS $LISTEN_PID; cat <&3"))
    descriptor = os.memfd_create("test")
    try:
        os.write(descriptor, b"handed\n")
        os.lseek(descriptor, 0, os.SEEK_SET)
        command = f'exec 3<&{descriptor}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
        wrapped = OCIRuntime(
            ["bash", "-c", command, "sh", *runtime_under_test.command], runtime_under_test.root
        )
        outcome = wrapped.run(container_id, bundle, pass_fds=[descriptor]).must_succeed()
    finally:
        os.close(descriptor)
    assert outcome.stdout == "1 1\nhanded\n"
