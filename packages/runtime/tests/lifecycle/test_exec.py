"""exec: a further process, with each flag that changes it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from packages.runtime.tests.lifecycle.containers import (
    FOREVER,
    Fifo,
    Make,
    created,
    has_ended,
    running,
    shell,
)

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")

STATUS = ["cat", "/proc/self/status"]


def status_of(text: str) -> dict[str, str]:
    return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}


def test_a_process_runs_in_the_containers_namespaces(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id) as pid:
        names = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]
        links = "; ".join(f"readlink /proc/self/ns/{name}" for name in names)
        outcome = runtime_under_test.exec(container_id, shell(links)).must_succeed()
        assert outcome.stdout.split() == [os.readlink(f"/proc/{pid}/ns/{name}") for name in names]
        outcome = runtime_under_test.exec(container_id, ["hostname"]).must_succeed()
        assert outcome.stdout == "tiffin-test\n"


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 5", 5), ("kill -9 $$", 137), ("kill -15 $$", 143)]
)
def test_the_exit_code_is_the_processs(
    script: str, code: int, runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        assert runtime_under_test.exec(container_id, shell(script)).exit_code == code


def test_input_and_output_are_the_callers(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        outcome = runtime_under_test.exec(container_id, shell("cat; echo e >&2"), stdin="in\n").must_succeed()
        assert (outcome.stdout, outcome.stderr) == ("in\n", "e\n")


def test_a_created_container_takes_a_process_before_its_start(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with created(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        assert runtime_under_test.exec(container_id, ["echo", "early"]).must_succeed().stdout == "early\n"
        assert runtime_under_test.status(container_id) == "created"


def test_a_stopped_container_takes_none(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=["true"]), container_id):
        runtime_under_test.wait_stopped(container_id)
        outcome = runtime_under_test.exec(container_id, ["true"])
        assert outcome.exit_code == 255
        assert "cannot exec in a stopped container" in outcome.stderr


def test_a_program_that_is_missing_is_named(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        outcome = runtime_under_test.exec(container_id, ["no-such-program"])
        assert outcome.exit_code == 255
        text = outcome.stderr.replace('\\"', '"')
        assert 'exec failed: unable to start container process: exec: "no-such-program": ' in text
        assert "executable file not found in $PATH" in text


def test_flags_change_directory_environment_and_user(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    config = {"process": {"env": ["PATH=/bin", "A=config", "B=config"]}}
    with running(runtime_under_test, bundle_factory(config, args=FOREVER), container_id):
        script = shell("pwd; echo $A $B; id -u; id -g; id -G; echo $HOME")
        flags = ["--cwd", "/home", "-e", "A=1", "-e", "B=2=3", "--user", "1000:5", "-g", "7", "-g", "8"]
        outcome = runtime_under_test.exec(container_id, script, *flags).must_succeed()
        assert outcome.stdout.splitlines() == ["/home", "1 2=3", "1000", "5", "5 7 8", "/home"]
        outcome = runtime_under_test.exec(container_id, script, "--user", "1").must_succeed()
        assert outcome.stdout.splitlines()[2:4] == ["1", "0"]


@pytest.mark.parametrize("flags", [("--user", "me"), ("--user", "1:us"), ("--additional-gids", "-1")])
def test_a_flag_with_a_bad_value_is_refused(
    flags: tuple[str, ...], runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        outcome = runtime_under_test.exec(container_id, ["true"], *flags)
        assert outcome.exit_code == 255
        assert flags[1].rpartition(":")[2] in outcome.stderr


def test_a_capability_can_be_added(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        before = status_of(runtime_under_test.exec(container_id, STATUS).must_succeed().stdout)
        more = status_of(
            runtime_under_test.exec(container_id, STATUS, "--cap", "CAP_SYS_CHROOT").must_succeed().stdout
        )
        bit = 1 << 18
        for name in ("CapBnd", "CapEff", "CapPrm"):
            assert int(more[name], 16) == int(before[name], 16) | bit
        assert more["CapAmb"] == more["CapInh"] == before["CapInh"] == "0" * 16


def test_no_new_privileges_are_set_by_a_flag(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory({"process": {"noNewPrivileges": False}}, args=FOREVER)
    with running(runtime_under_test, bundle, container_id):
        for flags, expected in (([], "0"), (["--no-new-privs"], "1")):
            outcome = runtime_under_test.exec(container_id, STATUS, *flags).must_succeed()
            assert status_of(outcome.stdout)["NoNewPrivs"] == expected


def test_a_whole_process_comes_from_a_file(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    process = {
        "args": shell("id -u; pwd; env | sort; ulimit -t"),
        "cwd": "/tmp",
        "user": {"uid": 1000, "gid": 1000},
        "env": ["PATH=/bin", "ONLY=this"],
        "rlimits": [{"type": "RLIMIT_CPU", "soft": 99, "hard": 100}],
    }
    (tmp_path / "process.json").write_text(json.dumps(process))
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        outcome = runtime_under_test.call(
            "exec", "--process", tmp_path / "process.json", container_id
        ).must_succeed()
        lines = outcome.stdout.splitlines()
        assert lines[:2] == ["1000", "/tmp"]
        assert lines[-1] == "99"
        assert "ONLY=this" in lines
        assert not [line for line in lines if line.startswith("TERM=")]


def test_detached_it_returns_and_tells_the_pid(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    bundle = bundle_factory(args=FOREVER)
    ready = Fifo(bundle)
    with running(runtime_under_test, bundle, container_id):
        script = shell("echo $$ > /ready; exec sleep 1000")
        runtime_under_test.exec(
            container_id, script, "--detach", "--pid-file", tmp_path / "pid"
        ).must_succeed()
        pid = int((tmp_path / "pid").read_text())
        inside = int(ready.read())
        assert f"NSpid:\t{pid}\t{inside}\n" in Path(f"/proc/{pid}/status").read_text()
        runtime_under_test.kill(container_id).must_succeed()
        assert has_ended(pid)


def test_descriptors_are_preserved(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        descriptor = os.memfd_create("test")
        os.write(descriptor, b"kept\n")
        os.lseek(descriptor, 0, os.SEEK_SET)
        wrapper = ["bash", "-c", f'exec 3<&{descriptor}; exec "$@"', "sh", *runtime_under_test.command]
        wrapped = OCIRuntime(wrapper, runtime_under_test.root)
        flags = ["--preserve-fds", "1"]
        outcome = wrapped.exec(
            container_id, shell("cat <&3; ls /proc/self/fd"), *flags, pass_fds=[descriptor]
        )
        os.close(descriptor)
        assert outcome.must_succeed().stdout.split() == ["kept", "0", "1", "2", "3", "4"]


@pytest.mark.requires("cgroup_v1")
def test_a_process_can_go_to_a_sub_cgroup(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(args=FOREVER)
    path = bundle.config["linux"]["cgroupsPath"]
    with running(runtime_under_test, bundle, container_id):
        below = Path(f"/sys/fs/cgroup/pids{path}/below")
        below.mkdir()
        script = ["cat", "/proc/self/cgroup"]
        outcome = runtime_under_test.exec(container_id, script, "--cgroup", "pids:below").must_succeed()
        rows = {line.split(":")[1]: line.split(":")[2] for line in outcome.stdout.splitlines()}
        assert rows["pids"] == "/below"
        assert rows["memory"] == "/"
        outcome = runtime_under_test.exec(container_id, script, "--cgroup", "pids:absent")
        assert outcome.exit_code == 255
        outcome = runtime_under_test.exec(container_id, script, "--cgroup", "pids:../..")
        assert outcome.exit_code == 255
        below.rmdir()
