"""What an ordinary user's container has around it: terminal, mounts, network, hooks."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from packages.runtime.tests.lifecycle.containers import (
    FOREVER,
    ConsoleSocket,
    created,
    has_ended,
    read_terminal,
    running,
    shell,
)
from packages.runtime.tests.rootless.conftest import Rootless

from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = [
    pytest.mark.requires("userns_rootless", "userns_proc", "busybox", "newuidmap", "subuid"),
    pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user: ./test --tier rootless becomes one"),
]

Config = dict[str, Any]
TERMINAL_DONE = "test -t 0 && tty; echo done"


def without_namespace(bundle: Bundle, kind: str) -> Config:
    """A config change: the bundle's namespaces but one."""
    kept = [each for each in bundle.config["linux"]["namespaces"] if each["type"] != kind]
    return {"linux": {"namespaces": kept}}


def add_mount(bundle: Bundle, source: Path, destination: str, *options: str) -> Config:
    """A config change: the bundle's mounts and a bind."""
    entry = {"source": str(source), "destination": destination, "type": "bind", "options": list(options)}
    return {"mounts": [*bundle.config["mounts"], entry]}


def test_a_terminal_goes_to_the_console_socket(
    runtime_under_test: OCIRuntime, mapped_bundle: Rootless, container_id: str, tmp_path: Path
) -> None:
    bundle = mapped_bundle({"process": {"terminal": True}}, args=shell(TERMINAL_DONE))
    with (
        ConsoleSocket(tmp_path) as console,
        created(runtime_under_test, bundle, container_id, "--console-socket", console.path),
    ):
        master = console.descriptor()
        runtime_under_test.start(container_id).must_succeed()
        shown = read_terminal(master, "done")
        os.close(master)
    assert "/dev/pts/0" in shown


def test_exec_has_a_terminal_too(
    runtime_under_test: OCIRuntime, mapped_bundle: Rootless, container_id: str, tmp_path: Path
) -> None:
    with (
        running(runtime_under_test, mapped_bundle(args=FOREVER), container_id),
        ConsoleSocket(tmp_path) as console,
    ):
        flags = ("--tty", "--detach", "--console-socket", console.path, "--pid-file", tmp_path / "pid")
        runtime_under_test.exec(container_id, shell(TERMINAL_DONE), *flags).must_succeed()
        master = console.descriptor()
        shown = read_terminal(master, "done")
        os.close(master)
        assert has_ended(int((tmp_path / "pid").read_text()))
    assert "/dev/pts/" in shown


def test_the_hosts_sys_is_bound_and_cannot_be_written(
    runtime_under_test: OCIRuntime, mapped_bundle: Rootless, container_id: str
) -> None:
    script = "ls -d /sys/class /sys/kernel; touch /sys/mark 2>/dev/null || echo refused; ls -A /sys/firmware"
    outcome = runtime_under_test.run(container_id, mapped_bundle(args=shell(script))).must_succeed()
    assert outcome.stdout.split() == ["/sys/class", "/sys/kernel", "refused"]


def test_without_a_network_namespace_it_has_the_hosts(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    changes = without_namespace(rootless_bundle(), "network")
    bundle = rootless_bundle(changes, args=["readlink", "/proc/self/ns/net"])
    outcome = runtime_under_test.run(container_id, bundle).must_succeed()
    assert outcome.stdout.strip() == os.readlink("/proc/self/ns/net")


def test_sysfs_is_the_hosts_where_it_cannot_be_mounted_anew(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    if runtime_under_test.name == "runc":
        pytest.skip("Debian's 1.1 does not try a bind")
    first = rootless_bundle()
    mounts = [entry for entry in first.config["mounts"] if entry["destination"] != "/sys"]
    sysfs = {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "ro"]}
    changes = without_namespace(first, "network") | {"mounts": [*mounts, sysfs]}
    script = "ls -d /sys/class; touch /sys/mark 2>/dev/null || echo refused"
    outcome = runtime_under_test.run(container_id, rootless_bundle(changes, args=shell(script)))
    assert outcome.must_succeed().stdout.split() == ["/sys/class", "refused"]


def test_a_network_namespace_has_a_loopback_that_is_up(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    bundle = rootless_bundle(args=["cat", "/sys/class/net/lo/operstate", "/proc/net/dev"])
    sysfs = [
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["ro"]}
        if entry["destination"] == "/sys"
        else entry
        for entry in bundle.config["mounts"]
    ]
    script = "ip -o addr show lo | grep -c 127.0.0.1"
    outcome = runtime_under_test.run(container_id, rootless_bundle({"mounts": sysfs}, args=shell(script)))
    assert outcome.must_succeed().stdout.strip() == "1"


@pytest.mark.parametrize(("options", "answer"), [(("rbind",), "written"), (("rbind", "ro"), "refused")])
def test_a_bind_is_the_users_own_folder(
    options: tuple[str, ...],
    answer: str,
    runtime_under_test: OCIRuntime,
    mapped_bundle: Rootless,
    container_id: str,
    tmp_path: Path,
) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    changes = add_mount(mapped_bundle(), volume, "/volume", *options)
    script = shell("(echo > /volume/mark) 2>/dev/null && echo written || echo refused")
    outcome = runtime_under_test.run(container_id, mapped_bundle(changes, args=script))
    assert outcome.must_succeed().stdout.strip() == answer
    assert (volume / "mark").exists() == (answer == "written")


def test_paths_are_masked_and_read_only(
    runtime_under_test: OCIRuntime, mapped_bundle: Rootless, container_id: str
) -> None:
    script = "wc -c < /proc/keys; (echo 1 > /proc/sys/kernel/domainname) 2>/dev/null || echo refused"
    outcome = runtime_under_test.run(container_id, mapped_bundle(args=shell(script))).must_succeed()
    assert outcome.stdout.split() == ["0", "refused"]


def test_a_read_only_root_stays_so(
    runtime_under_test: OCIRuntime, mapped_bundle: Rootless, container_id: str
) -> None:
    bundle = mapped_bundle(
        {"root": {"readonly": True}}, args=shell("touch /mark 2>/dev/null || echo refused")
    )
    assert runtime_under_test.run(container_id, bundle).must_succeed().stdout == "refused\n"


def test_the_usual_devices_are_the_hosts(
    runtime_under_test: OCIRuntime, mapped_bundle: Rootless, container_id: str
) -> None:
    script = "for name in null zero full random urandom tty; do stat -c %t:%T /dev/$name; done; echo lost > /dev/null"
    outcome = runtime_under_test.run(container_id, mapped_bundle(args=shell(script))).must_succeed()
    assert outcome.stdout.split() == ["1:3", "1:5", "1:7", "1:8", "1:9", "5:0"]


def test_hooks_of_all_kinds_run(
    runtime_under_test: OCIRuntime, mapped_bundle: Rootless, container_id: str, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()

    def hook(kind: str) -> list[Config]:
        return [{"path": "/bin/sh", "args": ["sh", "-c", f"cat > {notes}/{kind}"]}]

    changes = add_mount(mapped_bundle(), notes, str(notes), "bind")
    kinds = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
    bundle = mapped_bundle({**changes, "hooks": {kind: hook(kind) for kind in kinds}})
    runtime_under_test.create(container_id, bundle).must_succeed()
    pid = runtime_under_test.state(container_id)["pid"]
    runtime_under_test.start(container_id).must_succeed()
    runtime_under_test.wait_stopped(container_id)
    runtime_under_test.delete(container_id).must_succeed()
    told = {path.name: json.loads(path.read_text()) for path in notes.iterdir()}
    assert set(told) == set(kinds)
    assert {state["id"] for state in told.values()} == {container_id}
    assert told["createRuntime"]["pid"] == pid
