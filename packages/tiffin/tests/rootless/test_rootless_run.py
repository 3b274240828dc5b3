"""`tiffin run` as an ordinary user: root in a user namespace, with a range of ids or with one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from packages.tiffin.tests.conftest import Tiffin

pytestmark = [
    pytest.mark.requires("userns_rootless", "userns_proc", "busybox"),
    pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user: ./test --tier rootless becomes one"),
]

needs_range = pytest.mark.requires("newuidmap", "subuid")


@pytest.fixture
def one_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A $PATH without newuidmap: then there is one id for the container."""
    for name in ("sh", "cp", "cat", "runc"):
        if program := shutil.which(name):
            (tmp_path / "bin").mkdir(exist_ok=True)
            (tmp_path / "bin" / name).symlink_to(program)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


@needs_range
def test_root_with_a_range_of_ids(tiffin: Tiffin) -> None:
    script = "id -u; touch /mine; stat -c %u /mine; wc -l < /proc/self/uid_map; chown 7:8 /mine && stat -c %u:%g /mine"
    assert tiffin.shell(script) == ["0", "0", "2", "7:8"]


@needs_range
def test_another_user(tiffin: Tiffin) -> None:
    assert tiffin.shell("id -u; id -G; echo $HOME", "-u", "user") == ["1000", "1000 2000", "/home"]


def test_one_id_only(tiffin: Tiffin, one_id: None) -> None:
    uid = os.getuid()
    assert tiffin.shell("id -u; cat /proc/self/uid_map") == ["0", f"{0:10} {uid:10} {1:10}"]


def test_what_it_writes_belongs_to_the_caller(tiffin: Tiffin, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    assert tiffin.shell("echo hi > /shared/file", "-v", f"{tmp_path}/shared:/shared") == []
    status = (tmp_path / "shared/file").stat()
    assert (status.st_uid, status.st_gid) == (os.getuid(), os.getgid())


def test_hello(tiffin: Tiffin) -> None:
    outcome = tiffin.run("--rm", "hello")
    assert outcome.code == 0, outcome
    (namespaces,) = [line for line in outcome.lines if "namespaces" in line]
    assert "user" in namespaces.partition("(")[0]
    assert " 1 in sight" in outcome.out


def test_isolation(tiffin: Tiffin) -> None:
    script = "grep -E 'Seccomp:' /proc/self/status; ls /sys/class/net; set -- /proc/[0-9]*; echo $*; hostname"
    seccomp, *seen = tiffin.shell(script, "-h", "box")
    assert seccomp.split()[1] == "2"
    assert seen == ["lo", "/proc/1", "box"]


@pytest.mark.parametrize("flag", ["--network=host", "--pid=host", "--ipc=host", "--uts=host"])
def test_namespaces_of_the_host(tiffin: Tiffin, flag: str) -> None:
    kind = {"network": "net"}.get(flag[2:-5], flag[2:-5])
    assert tiffin.shell(f"readlink /proc/self/ns/{kind}", flag) == [os.readlink(f"/proc/self/ns/{kind}")]


def test_files(tiffin: Tiffin) -> None:
    flags = (
        "--read-only",
        "--tmpfs=/tmp",
        "-v",
        "named:/data",
        "--shm-size=1m",
        "--device=/dev/zero:/dev/given",
    )
    script = "touch /x 2>/dev/null || echo refused; cat /data/one; touch /tmp/x /data/x; head -c 1 /dev/given | wc -c"
    assert tiffin.shell(script, *flags) == ["refused", "1", "1"]
    assert tiffin.shell("ls /data", "-v", "named:/data") == ["one", "sub", "x"]


def test_exit_codes(tiffin: Tiffin) -> None:
    assert tiffin.run("--rm", tiffin.image, "sh", "-c", "exit 7").code == 7
    assert tiffin.run("--rm", tiffin.image, "not-there").code == 127
    assert tiffin.run("--rm", tiffin.image, "/etc/passwd").code == 126


def test_a_limit_that_cannot_be_had_is_refused_with_the_remedy(tiffin: Tiffin) -> None:
    if Path("/sys/fs/cgroup/cgroup.controllers").exists():
        pytest.skip("with cgroup v2 a limit may be possible")
    outcome = tiffin.run("--memory=1g", "hello")
    assert outcome.code == 125
    assert "--memory needs a cgroup" in outcome.err
    assert "run as root" in outcome.err


def test_it_is_listed_and_removed(tiffin: Tiffin) -> None:
    assert tiffin.run("--name=kept", tiffin.image, "sh", "-c", "mkdir -p /a/b; chmod 0 /a; exit 2").code == 2
    (row,) = json.loads(tiffin.call("ps", "--all", "--json").out)
    assert (row["name"], row["status"]) == ("kept", "exited (2)")
    assert tiffin.call("rm", "kept").code == 0
    assert tiffin.call("ps", "--all", "--quiet").out == ""


def test_in_the_background(tiffin: Tiffin) -> None:
    assert tiffin.run("-d", "--rm", "--name=behind", tiffin.image, "sleep", "300").out == "behind\n"
    (row,) = json.loads(tiffin.call("ps", "--json").out)
    assert row["status"] == "running"
    assert tiffin.call("stop", "-t", "0", "behind").code == 0
    assert tiffin.call("ps", "--all", "--quiet").out == ""


def test_the_demo(tiffin: Tiffin) -> None:
    outcome = tiffin.call("demo")
    assert outcome.code == 0, outcome
    assert "find the program sh" in outcome.out


@needs_range
def test_the_account_is_looked_up_without_the_environment(
    tiffin: Tiffin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("USER", raising=False)
    assert tiffin.shell("wc -l < /proc/self/uid_map") == ["2"]


def test_a_user_namespace_that_is_there_already(tiffin: Tiffin) -> None:
    """Under `unshare -r`, as inside of another container."""
    inner = ["unshare", "--user", "--map-root-user", *tiffin.run_words("--rm", tiffin.image, "id", "-u")]
    done = subprocess.run(
        inner, capture_output=True, text=True, env=tiffin.environment, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
