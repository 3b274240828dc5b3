"""The process itself: umask, names, console, keyring, limits."""

from __future__ import annotations

import fcntl
import os
import stat
import struct
import termios
from pathlib import Path

import pytest
from packages.runtime.tests.features.subject import Subject, namespaces, user_namespace
from packages.runtime.tests.lifecycle.containers import ConsoleSocket

pytestmark = pytest.mark.requires("root", "gcc")


@pytest.mark.parametrize("mask", [0, 0o27, 0o777])
def test_the_umask(subject: Subject, mask: int) -> None:
    user = {"uid": 0, "gid": 0, "umask": mask}
    text = subject.output(
        {"process": {"user": user}}, "grep Umask /proc/self/status; touch /tmp/x; stat -c %a /tmp/x"
    )
    assert text.split() == ["Umask:", f"{mask:04o}", f"{0o666 & ~mask:o}"]


def test_the_umask_of_a_further_process_is_its_own(subject: Subject) -> None:
    with subject.running({"process": {"user": {"uid": 0, "gid": 0, "umask": 0o77}}}):
        script = ["grep", "Umask", "/proc/self/status"]
        assert subject.runtime.exec(subject.container, script).must_succeed().stdout.split()[1] == "0077"


def test_the_umask_does_not_change_what_the_runtime_makes(subject: Subject) -> None:
    user = {"uid": 0, "gid": 0, "umask": 0o777}
    text = subject.output(
        {"process": {"user": user, "cwd": "/made/here"}}, "stat -c %a /made /made/here /dev/null"
    )
    assert text.split() == ["755", "755", "666"]


def test_both_names_of_the_uts_namespace(subject: Subject) -> None:
    config = {"hostname": "a-host", "domainname": "a-domain.example"}
    assert subject.answers(config, "domain")["domain"] == ["a-host", "a-domain.example"]
    assert os.uname().nodename != "a-host"


def test_the_domain_name_in_a_user_namespace(subject: Subject) -> None:
    config = {"domainname": "inside", "linux": user_namespace()}
    assert subject.answers(config, "domain")["domain"][1] == "inside"


def test_the_size_of_the_console(subject: Subject) -> None:
    process = {"terminal": True, "consoleSize": {"width": 123, "height": 45}}
    bundle = subject.make({"process": process}, ["sleep", "1000"])
    with ConsoleSocket(subject.folder) as console:
        subject.runtime.create(subject.container, bundle, "--console-socket", console.path).must_succeed()
        master = console.descriptor()
        try:
            size = fcntl.ioctl(master, termios.TIOCGWINSZ, bytes(8))
        finally:
            subject.runtime.delete(subject.container, force=True).must_succeed()
            os.close(master)
    assert struct.unpack("4H", size)[:2] == (45, 123)


def test_the_container_has_a_session_keyring_of_its_own(subject: Subject) -> None:
    ids = {subject.answers({}, "keyring")["keyring"][0] for _ in range(2)}
    assert len(ids) == 2


def test_no_new_keyring_leaves_the_callers(subject: Subject) -> None:
    ids = {subject.output({}, "probe", "keyring", flags=["--no-new-keyring"]).split()[1] for _ in range(2)}
    assert len(ids) == 1


def test_a_further_process_shares_the_containers_keyring(subject: Subject) -> None:
    with subject.running({}) as pid:
        ids = {subject.exec_answers({}, "keyring")["keyring"][0] for _ in range(2)}
    assert len(ids) == 1
    assert pid


RAISED = [{"type": "RLIMIT_NOFILE", "soft": 300, "hard": 400}, {"type": "RLIMIT_CORE", "soft": 1, "hard": 2}]


def limits_of(text: str) -> dict[str, tuple[str, str]]:
    """Soft and hard limits of /proc/PID/limits, by the first two words."""
    rows = [line.split() for line in text.splitlines()[1:]]
    return {" ".join(row[1:3]): (row[3], row[4]) for row in rows if len(row) > 4}


def test_limits_in_a_user_namespace(subject: Subject) -> None:
    config = {"process": {"rlimits": RAISED}, "linux": user_namespace()}
    found = limits_of(subject.output(config, "cat", "/proc/self/limits"))
    assert found["open files"] == ("300", "400")


@pytest.mark.requires("cap_sys_resource")
def test_limits_are_raised_with_the_hosts_privileges(subject: Subject) -> None:
    limit = 2_000_000
    config = {"process": {"rlimits": [{"type": "RLIMIT_NOFILE", "soft": limit, "hard": limit}]}}
    found = limits_of(subject.output({**config, "linux": user_namespace()}, "cat", "/proc/self/limits"))
    assert found["open files"] == (str(limit), str(limit))


def test_a_limit_that_may_not_be_raised_is_named(subject: Subject) -> None:
    too_many = 1 << 40  # above fs.nr_open, so that not even CAP_SYS_RESOURCE allows it
    limits = [{"type": "RLIMIT_NOFILE", "soft": too_many, "hard": too_many}]
    for linux in ({"namespaces": namespaces()}, user_namespace()):
        refused = subject.refusal({"process": {"rlimits": limits}, "linux": linux})
        assert "process.rlimits[0]" in refused
        assert "operation not permitted" in refused


def test_few_descriptors_are_enough_for_a_program(subject: Subject) -> None:
    limits = [{"type": "RLIMIT_NOFILE", "soft": 3, "hard": 3}]
    for linux in ({"namespaces": namespaces()}, user_namespace()):
        with subject.running({"process": {"rlimits": limits}, "linux": linux}) as pid:
            found = limits_of(Path(f"/proc/{pid}/limits").read_text())
            assert found["open files"] == ("3", "3")
            subject.runtime.exec(subject.container, ["true"]).must_succeed()


def test_the_devices_of_a_user_namespace_are_the_hosts(subject: Subject) -> None:
    text = subject.output(
        {"linux": user_namespace()}, "stat -c '%t:%T' /dev/null /dev/zero /dev/tty; echo x > /dev/null"
    )
    assert text.split() == ["1:3", "1:5", "5:0"]


def test_a_further_device_in_a_user_namespace_is_bound(subject: Subject) -> None:
    info = os.stat("/dev/null")
    assert stat.S_ISCHR(info.st_mode)
    fuse = {"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229}
    if not Path("/dev/fuse").exists():
        pytest.skip("no /dev/fuse here")
    rules = [{"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"}]
    config = {"linux": user_namespace(devices=[fuse], resources={"devices": rules})}
    assert subject.output(config, "stat -c '%t:%T' /dev/fuse").split() == ["a:e5"]


def test_a_device_that_the_host_does_not_have_is_refused_in_a_user_namespace(subject: Subject) -> None:
    device = {"path": "/dev/no-such", "type": "c", "major": 1, "minor": 3}
    refused = subject.refusal({"linux": user_namespace(devices=[device])})
    assert "/dev/no-such" in refused
    assert "linux.devices[0]" in refused


def test_another_device_of_that_name_is_not_bound_in_its_place(subject: Subject) -> None:
    device = {"path": "/dev/zero", "type": "c", "major": 1, "minor": 3}
    refused = subject.refusal({"linux": user_namespace(devices=[device])})
    assert "linux.devices[0]" in refused
