"""Each flag of `tiffin run`, seen from inside of a container of busybox."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from packages.tiffin.tests.conftest import SECONDS, Tiffin

from tiffin_testing.oci_runtime import without_hybrid

pytestmark = pytest.mark.requires("root", "busybox", "overlayfs", "cgroup_writable")

V1 = "cat /sys/fs/cgroup/{} 2>/dev/null || cat /sys/fs/cgroup/{}"


def test_env_is_taken_from_flags_files_and_the_caller(tiffin: Tiffin, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("# comment\nFROM_FILE=file\nBOTH=file\n")
    outcome = tiffin.run(
        "--rm", "-e", "BOTH=flag", "-e", "OUTSIDE", "--env-file", tmp_path / "env", tiffin.image, "env",
        env={"OUTSIDE": "caller"},
    )  # fmt: skip
    assert {"FROM_FILE=file", "BOTH=flag", "OUTSIDE=caller", "HOME=/root"} <= set(outcome.lines)


def test_workdir_and_user(tiffin: Tiffin) -> None:
    script = "pwd; id -u; id -g; id -G; echo $HOME"
    assert tiffin.shell(script, "-w", "/data/sub", "-u", "user") == [
        "/data/sub",
        "1000",
        "1000",
        "1000 2000",
        "/home",
    ]
    assert tiffin.shell("id -u; id -g", "--user=4321:9") == ["4321", "9"]


def test_a_working_directory_that_is_missing_is_made(tiffin: Tiffin) -> None:
    assert tiffin.shell("pwd", "--workdir=/not/there") == ["/not/there"]


def test_entrypoint_takes_the_image_s_command_away(tiffin: Tiffin) -> None:
    outcome = tiffin.run("--rm", "--entrypoint", "/bin/echo", tiffin.image, "said", "so")
    assert outcome.out == "said so\n"


def test_stdin_is_empty_unless_it_is_interactive(tiffin: Tiffin) -> None:
    words = ("--rm", tiffin.image, "cat")
    assert tiffin.run("-i", *words, stdin="to be read").out == "to be read"
    assert tiffin.run(*words, stdin="not to be read").out == ""


def test_stdout_and_stderr_stay_apart(tiffin: Tiffin) -> None:
    outcome = tiffin.run("--rm", tiffin.image, "sh", "-c", "echo out; echo err >&2")
    assert (outcome.code, outcome.out, outcome.err) == (0, "out\n", "err\n")


def test_binds_of_the_host(tiffin: Tiffin, tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given/file").write_text("host\n")
    script = "cat /a/file /b/file; echo new > /a/new; touch /b/x 2>/dev/null || echo refused"
    binds = ("-v", f"{tmp_path}/given:/a", "--mount", f"type=bind,src={tmp_path}/given,dst=/b,readonly")
    assert tiffin.shell(script, *binds) == ["host", "host", "refused"]
    assert (tmp_path / "given/new").read_text() == "new\n"


def test_a_named_volume_starts_with_the_image_s_content_and_is_kept(tiffin: Tiffin) -> None:
    assert tiffin.shell("cat /data/sub/two; echo kept > /data/three", "-v", "named:/data") == ["2"]
    assert tiffin.shell("cat /data/one /data/three", "--volume=named:/data:ro") == ["1", "kept"]


def test_tmpfs(tiffin: Tiffin) -> None:
    script = "grep ' /scratch ' /proc/mounts"
    (line,) = tiffin.shell(script, "--tmpfs", "/scratch:size=1m,mode=700")
    assert line.startswith("tmpfs /scratch tmpfs rw,nosuid,nodev,noexec")
    assert "size=1024k" in line
    assert "mode=700" in line


def test_a_read_only_root_with_a_writable_part(tiffin: Tiffin) -> None:
    script = "touch /x 2>/dev/null || echo refused; touch /tmp/x && echo written"
    assert tiffin.shell(script, "--read-only", "--tmpfs=/tmp") == ["refused", "written"]


def test_shm_size(tiffin: Tiffin) -> None:
    (line,) = tiffin.shell("grep ' /dev/shm ' /proc/mounts", "--shm-size=2m")
    assert "size=2048k" in line


@pytest.mark.requires("cgroup_memory", "cgroup_pids", "cgroup_cpu")
def test_limits_are_set_in_the_container_s_cgroup(tiffin: Tiffin) -> None:
    script = "\n".join(
        (
            V1.format("memory.max", "memory/memory.limit_in_bytes"),
            V1.format("pids.max", "pids/pids.max"),
            V1.format("cpu.max", "cpu/cpu.cfs_quota_us"),
        )
    )
    memory, pids, cpu = tiffin.shell(script, "--memory=32m", "--pids-limit=20", "--cpus=0.5")
    assert (memory, pids, cpu.split()[0]) == ("33554432", "20", "50000")


@pytest.mark.requires("cgroup_memory")
def test_a_container_over_its_memory_is_killed(tiffin: Tiffin) -> None:
    outcome = tiffin.run(
        "--rm", "--memory=16m", tiffin.image, "dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"
    )
    assert outcome.code == 137


def test_ulimits(tiffin: Tiffin) -> None:
    assert tiffin.shell("ulimit -n; ulimit -Hn", "--ulimit", "nofile=64:128") == ["64", "128"]


def capabilities(lines: list[str]) -> dict[str, int]:
    return {line.split(":")[0]: int(line.split()[1], 16) for line in lines if line.startswith("Cap")}


def test_capabilities(tiffin: Tiffin) -> None:
    script = "grep Cap /proc/self/status"
    assert capabilities(tiffin.shell(script, "--cap-drop=ALL"))["CapBnd"] == 0
    added = capabilities(tiffin.shell(script, "--cap-drop=all", "--cap-add=net_admin", "--cap-add=CAP_CHOWN"))
    assert added["CapEff"] == 1 << 12 | 1 << 0
    assert added["CapInh"] == 0


def test_security_options(tiffin: Tiffin, tmp_path: Path) -> None:
    script = "grep -E 'Seccomp:|NoNewPrivs' /proc/self/status | tr -d '\\t'"
    assert tiffin.shell(script) == ["NoNewPrivs:0", "Seccomp:2"]
    options = ("--security-opt=seccomp=unconfined", "--security-opt=no-new-privileges")
    assert tiffin.shell(script, *options) == ["NoNewPrivs:1", "Seccomp:0"]
    rules = [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules}))
    (line,) = tiffin.shell("mkdir /x 2>&1; true", f"--security-opt=seccomp={profile}")
    assert "not supported" in line


def test_network_none_has_a_loopback_of_its_own(tiffin: Tiffin) -> None:
    own = tiffin.shell("readlink /proc/self/ns/net; ls /sys/class/net; cat /etc/resolv.conf")
    assert own[0] != os.readlink("/proc/self/ns/net")
    assert own[1:] == ["lo"]


def test_network_host_is_the_host_s(tiffin: Tiffin) -> None:
    script = "readlink /proc/self/ns/net; hostname; cat /etc/hosts"
    namespace, name, *hosts = tiffin.shell(script, "--network=host")
    assert namespace == os.readlink("/proc/self/ns/net")
    assert name == os.uname().nodename
    assert hosts == Path("/etc/hosts").read_text().splitlines()


def test_hostname_and_hosts(tiffin: Tiffin) -> None:
    script = "hostname; cat /etc/hostname; grep -c box /etc/hosts; grep example /etc/hosts"
    lines = tiffin.shell(script, "-h", "box", "--add-host=example:192.0.2.1")
    assert lines == ["box", "box", "1", "192.0.2.1\texample"]


def test_a_device_of_the_host(tiffin: Tiffin) -> None:
    script = "stat -c %t:%T /dev/given && head -c 1 /dev/given | wc -c; echo x > /dev/given"
    outcome = tiffin.run(
        "--rm", "--device=/dev/zero:/dev/given:r", tiffin.image, "sh", "-c", script
    )  # fmt: skip
    assert outcome.lines == ["1:5", "1"]
    assert tiffin.run("--rm", tiffin.image, "ls", "/dev/given").code == 1


def test_init_is_the_first_process_and_forwards_the_exit_code(tiffin: Tiffin) -> None:
    outcome = tiffin.run("--rm", "--init", tiffin.image, "sh", "-c", "cat /proc/1/comm; exit 9")
    assert (outcome.code, outcome.out) == (9, "init\n")


def test_privileged(tiffin: Tiffin) -> None:
    held = capabilities(Path("/proc/self/status").read_text().splitlines())["CapPrm"]
    status = tiffin.shell("grep -E 'CapEff|Seccomp:' /proc/self/status", "--privileged")
    assert capabilities(status)["CapEff"] == held
    assert status[1].split()[1] == "0"
    assert tiffin.shell("test -w /proc/sys/kernel/hostname && echo writable", "--privileged") == ["writable"]
    blocks = [path for path in ("/dev/kmsg", "/dev/loop-control") if Path(path).exists()]
    assert tiffin.shell(f"ls {' '.join(blocks)} /dev/null", "--privileged") == [*blocks, "/dev/null"]


def test_sysctl_and_oom_score(tiffin: Tiffin) -> None:
    script = "cat /proc/sys/net/ipv4/ip_default_ttl /proc/self/oom_score_adj"
    assert tiffin.shell(script, "--sysctl=net.ipv4.ip_default_ttl=77", "--oom-score-adj=500") == ["77", "500"]


def test_namespaces_of_the_host(tiffin: Tiffin) -> None:
    names = ("pid", "ipc", "uts", "cgroup")
    script = "; ".join(f"readlink /proc/self/ns/{name}" for name in names)
    flags = ("--pid=host", "--ipc=host", "--uts=host", "--cgroupns=host")
    assert tiffin.shell(script, *flags) == [os.readlink(f"/proc/self/ns/{name}") for name in names]
    own = tiffin.shell(script, "--cgroupns=private")
    assert not set(own) & {os.readlink(f"/proc/self/ns/{name}") for name in names}


@pytest.mark.requires("crun")
def test_crun_takes_the_config(tiffin: Tiffin) -> None:
    words = tiffin.run_words("--rm", "--runtime=crun", tiffin.image, "echo", "works")
    done = subprocess.run(
        without_hybrid(words),
        capture_output=True,
        text=True,
        env=tiffin.environment,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "works\n"), done


def test_bytes_that_are_no_text(tiffin: Tiffin) -> None:
    """In the config they are U+FFFD, as with docker; the process gets them as they are where no file is between."""
    raw = os.fsdecode(b"\xff")
    flags = ("--name=raw", f"--env=RAW={raw}", f"--label=raw={raw}")
    done = tiffin.run(*flags, tiffin.image, "sh", "-c", 'printf "$1$RAW" | od -An -tx1', "sh", raw)
    seen = ["ef", "bf", "bd"] if tiffin.runtime else ["ff"]
    assert (done.code, done.out.split()) == (0, 2 * seen), done
    tree = json.loads(tiffin.call("inspect", "raw").out)[0]
    assert (tree["labels"], tree["config"]["process"]["args"][-1]) == ({"raw": "\ufffd"}, "\ufffd")


def test_text_in_a_locale_that_has_no_such(tiffin: Tiffin) -> None:
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert tiffin.run("-d", "--name=text", tiffin.image, "echo", "\u00e9", env=locale).code == 0
    assert tiffin.call("wait", "text").lines == ["0"]
    assert tiffin.call("logs", "text", env=locale).lines == ["\u00e9"]
    assert tiffin.call("ps", "--all", "--json", env=locale).code == 0
