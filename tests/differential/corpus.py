"""The configs that both runtimes must treat alike: each case changes a base config in one way.

A case is a name, a change of the config tree, and what to ask of the probe. Cases are grouped by the section of the
runtime spec that they exercise; `generated.py` adds random combinations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Tree = dict[str, Any]
Change = Callable[[Tree], None]


@dataclass(frozen=True)
class Case:
    """One config: `change` edits the base in place; `asks` are further arguments of the probe."""

    name: str
    change: Change
    asks: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()


def at(path: str, value: Any) -> Change:
    """Sets the value at a path such as `linux.resources.pids`."""

    def change(config: Tree) -> None:
        *parents, last = path.split(".")
        place = config
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = value

    return change


def both(*changes: Change) -> Change:
    """All changes, in order."""

    def change(config: Tree) -> None:
        for one in changes:
            one(config)

    return change


def mount(destination: str, kind: str, source: str, *options: str) -> Change:
    """Appends a mount."""

    def change(config: Tree) -> None:
        entry = {"destination": destination, "type": kind, "source": source, "options": list(options)}
        config["mounts"].append(entry)

    return change


def without_mount(destination: str) -> Change:
    def change(config: Tree) -> None:
        config["mounts"] = [entry for entry in config["mounts"] if entry["destination"] != destination]

    return change


def mount_options(destination: str, *options: str) -> Change:
    """Replaces the options of a mount of the base."""

    def change(config: Tree) -> None:
        for entry in config["mounts"]:
            if entry["destination"] == destination:
                entry["options"] = list(options)

    return change


def without_namespace(kind: str) -> Change:
    def change(config: Tree) -> None:
        config["linux"]["namespaces"] = [
            entry for entry in config["linux"]["namespaces"] if entry["type"] != kind
        ]

    return change


def with_namespace(kind: str) -> Change:
    return lambda config: config["linux"]["namespaces"].append({"type": kind})


def user_namespace(host: int = 100000, size: int = 65536) -> Change:
    mapping = [{"containerID": 0, "hostID": host, "size": size}]
    return both(with_namespace("user"), at("linux.uidMappings", mapping), at("linux.gidMappings", mapping))


def capabilities(*names: str, sets: tuple[str, ...] = ("bounding", "effective", "permitted")) -> Change:
    return at("process.capabilities", {one: list(names) for one in sets})


def with_resources(tree: Tree) -> Change:
    return lambda config: config["linux"].setdefault("resources", {}).update(tree)


def seccomp(default: str, *rules: Tree, **more: Any) -> Change:
    return at("linux.seccomp", {"defaultAction": default, "syscalls": list(rules), **more})


def rule(action: str, *names: str, args: list[Tree] | None = None, **more: Any) -> Tree:
    return {"names": list(names), "action": action, "args": args or [], **more}


def namespace_cases() -> Iterator[Case]:
    for kind in ("network", "ipc", "uts", "cgroup"):
        drop_name = both(without_namespace(kind), lambda config: config.pop("hostname", None) and None)
        yield Case(f"no-{kind}-namespace", drop_name if kind == "uts" else without_namespace(kind))
    yield Case("cgroup-namespace", both(without_namespace("cgroup"), with_namespace("cgroup")))
    yield Case("user-namespace", user_namespace())
    yield Case("user-namespace-small", user_namespace(200000, 1000))
    yield Case("user-namespace-other-user", both(user_namespace(), at("process.user", {"uid": 7, "gid": 8})))
    yield Case("user-namespace-no-network", both(user_namespace(), without_namespace("network")))
    yield Case(
        "user-namespace-rlimit",
        both(user_namespace(), at("process.rlimits", [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}])),
    )
    yield Case(
        "no-pid-namespace",
        both(without_namespace("pid"), without_mount("/proc"), mount("/proc", "bind", "/proc", "rbind")),
    )


def process_cases() -> Iterator[Case]:
    yield Case("base", lambda config: None)
    for uid, gid in ((1, 1), (1000, 1000), (65534, 65534), (0, 5), (5, 0)):
        yield Case(f"user-{uid}-{gid}", at("process.user", {"uid": uid, "gid": gid}))
    yield Case("additional-gids", at("process.user", {"uid": 3, "gid": 4, "additionalGids": [5, 6, 70000]}))
    yield Case("umask", at("process.user", {"uid": 0, "gid": 0, "umask": 0o27}))
    yield Case("umask-zero", at("process.user", {"uid": 0, "gid": 0, "umask": 0}))
    for cwd in ("/tmp", "/made/by/runtime", "/bin"):
        yield Case(f"cwd{cwd.replace('/', '-')}", both(at("process.cwd", cwd), at("root.readonly", False)))
    yield Case("env-order", at("process.env", ["B=2", "PATH=/bin", "A=1", "EMPTY=", "EQ=a=b"]))
    yield Case("env-home", at("process.env", ["HOME=/somewhere", "PATH=/bin"]))
    yield Case("env-double", at("process.env", ["A=1", "PATH=/bin", "A=2"]))
    yield Case("env-none", at("process.env", []))
    yield Case("hostname", at("hostname", "a-name"))
    yield Case("no-new-privileges-off", at("process.noNewPrivileges", False))
    for score in (0, 100, 1000):
        yield Case(f"oom-{score}", at("process.oomScoreAdj", score))
    for name, value in (
        ("NOFILE", 64),
        ("CORE", 0),
        ("NPROC", 50),
        ("STACK", 1 << 20),
        ("FSIZE", 1 << 20),
        ("MEMLOCK", 4096),
        ("CPU", 60),
    ):
        limits = [{"type": f"RLIMIT_{name}", "soft": value, "hard": value}]
        yield Case(f"rlimit-{name.lower()}", at("process.rlimits", limits))
    many = (("NOFILE", 10, 20), ("AS", 1 << 40, 1 << 41), ("SIGPENDING", 5, 6), ("NICE", 0, 0))
    limits = [{"type": f"RLIMIT_{name}", "soft": soft, "hard": hard} for name, soft, hard in many]
    yield Case("rlimit-many", at("process.rlimits", limits))
    yield Case("personality-linux", at("linux.personality", {"domain": "LINUX"}))


def capability_cases() -> Iterator[Case]:
    everything = ("bounding", "effective", "permitted", "inheritable", "ambient")
    yield Case("capabilities-none", at("process.capabilities", {}))
    yield Case("capabilities-absent", lambda config: config["process"].pop("capabilities") and None)
    yield Case("capabilities-chown", capabilities("CAP_CHOWN"))
    yield Case(
        "capabilities-all-sets", capabilities("CAP_CHOWN", "CAP_NET_RAW", "CAP_SYS_CHROOT", sets=everything)
    )
    yield Case("capabilities-bounding-only", capabilities("CAP_KILL", "CAP_SETUID", sets=("bounding",)))
    yield Case(
        "capabilities-ambient-user",
        both(
            capabilities("CAP_NET_BIND_SERVICE", "CAP_KILL", sets=everything),
            at("process.user", {"uid": 9, "gid": 9}),
        ),
    )
    yield Case(
        "capabilities-user",
        both(capabilities("CAP_NET_BIND_SERVICE", "CAP_KILL"), at("process.user", {"uid": 9, "gid": 9})),
    )
    yield Case(
        "capabilities-inheritable", capabilities("CAP_FOWNER", sets=("bounding", "permitted", "inheritable"))
    )
    yield Case(
        "capabilities-admin", capabilities("CAP_SYS_ADMIN", "CAP_MKNOD", "CAP_NET_ADMIN", "CAP_SYS_PTRACE")
    )
    yield Case("capabilities-unknown", capabilities("CAP_CHOWN", "CAP_OF_THE_FUTURE"))
    yield Case(
        "capabilities-new-privileges", both(capabilities("CAP_SETUID"), at("process.noNewPrivileges", False))
    )


def mount_cases() -> Iterator[Case]:
    yield Case("root-writable", at("root.readonly", False), ("write", "/", "write", "/tmp"))
    yield Case(
        "root-readonly", at("root.readonly", True), ("write", "/", "write", "/dev", "write", "/dev/shm")
    )
    for value in ("private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable", "runbindable"):
        yield Case(f"rootfs-propagation-{value}", at("linux.rootfsPropagation", value))
    options: tuple[str, ...]
    for options in (
        ("ro",),
        ("rw",),
        ("nosuid", "nodev"),
        ("noexec",),
        ("noatime",),
        ("nodiratime", "relatime"),
        ("strictatime",),
        ("sync",),
        ("size=65536k", "mode=700"),
        ("nr_inodes=100",),
    ):
        name = "-".join(option.replace("=", "-") for option in options)
        yield Case(f"tmpfs-{name}", mount("/mnt", "tmpfs", "tmpfs", *options), ("write", "/mnt"))
    yield Case(
        "tmpfs-copy-up", mount("/etc", "tmpfs", "tmpfs", "tmpcopyup"), ("list", "/etc", "write", "/etc")
    )
    yield Case(
        "tmpfs-user", mount("/mnt", "tmpfs", "tmpfs", "uid=5", "gid=6", "mode=1770"), ("write", "/mnt")
    )
    for options in (
        ("bind",),
        ("rbind",),
        ("bind", "ro"),
        ("rbind", "ro"),
        ("bind", "nosuid", "nodev", "noexec"),
        ("rbind", "rprivate"),
        ("rbind", "rslave"),
        ("bind", "shared"),
        ("rbind", "rshared"),
        ("bind", "rw", "noatime"),
        ("rbind", "unbindable"),
    ):
        yield Case(
            f"bind-{'-'.join(options)}",
            mount("/mnt", "bind", "{source}", *options),
            ("write", "/mnt", "list", "/mnt"),
        )
    yield Case("bind-type-none", mount("/mnt", "none", "{source}", "rbind"), ("list", "/mnt"))
    yield Case("bind-file", mount("/made-file", "bind", "{source}/file", "bind", "ro"), ("list", "/"))
    yield Case(
        "bind-new-folder",
        both(at("root.readonly", False), mount("/a/b/c", "bind", "{source}", "rbind")),
        ("list", "/a/b"),
    )
    yield Case(
        "bind-through-link",
        both(at("root.readonly", False), mount("/link-to-mnt/sub", "bind", "{source}", "rbind")),
        ("list", "/mnt"),
    )
    yield Case(
        "bind-over-bind",
        both(mount("/mnt", "bind", "{source}", "rbind"), mount("/mnt/folder", "tmpfs", "tmpfs")),
        ("list", "/mnt"),
    )
    yield Case("proc-readonly", mount_options("/proc", "nosuid", "noexec", "nodev", "ro"))
    yield Case("proc-hidepid", mount_options("/proc", "hidepid=2"))
    yield Case("sys-writable", mount_options("/sys", "nosuid", "noexec", "nodev"), ("write", "/sys"))
    yield Case("no-sys", without_mount("/sys"))
    yield Case("no-shm", without_mount("/dev/shm"))
    yield Case("no-mqueue", without_mount("/dev/mqueue"))
    yield Case(
        "devpts-no-gid",
        mount_options("/dev/pts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"),
    )
    yield Case(
        "cgroup-mount-rw",
        mount_options("/sys/fs/cgroup", "nosuid", "noexec", "nodev"),
        ("list", "/sys/fs/cgroup"),
    )
    yield Case("cgroup-mount", lambda config: None, ("list", "/sys/fs/cgroup"))
    yield Case("cgroup-mount-no-namespace", without_namespace("cgroup"), ("list", "/sys/fs/cgroup"))
    yield Case("no-cgroup-mount", without_mount("/sys/fs/cgroup"))
    yield Case("masked-none", at("linux.maskedPaths", []), ("device", "/proc/timer_list"))
    yield Case(
        "masked-missing",
        at("linux.maskedPaths", ["/proc/kcore", "/no/such", "/tmp", "/etc/passwd"]),
        ("list", "/tmp", "device", "/etc/passwd"),
    )
    yield Case(
        "readonly-paths",
        at("linux.readonlyPaths", ["/proc/sys", "/tmp", "/no/such"]),
        ("write", "/tmp", "write", "/proc/sys"),
    )
    yield Case("readonly-none", at("linux.readonlyPaths", []), ("write", "/proc/sys"))


def device_cases() -> Iterator[Case]:
    fuse = {
        "path": "/dev/fuse",
        "type": "c",
        "major": 10,
        "minor": 229,
        "fileMode": 0o666,
        "uid": 1,
        "gid": 2,
    }
    allow = {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"}
    deny_all = {"allow": False, "access": "rwm"}
    standard = tuple(
        word
        for name in ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "fuse")
        for word in ("device", f"/dev/{name}")
    )
    yield Case("devices-default", at("linux.resources.devices", [deny_all]), standard)
    yield Case(
        "devices-fuse-allowed",
        both(at("linux.devices", [fuse]), at("linux.resources.devices", [deny_all, allow])),
        standard,
    )
    yield Case(
        "devices-fuse-denied",
        both(at("linux.devices", [fuse]), at("linux.resources.devices", [deny_all])),
        standard,
    )
    yield Case(
        "devices-fuse-readonly",
        both(
            at("linux.devices", [fuse]), at("linux.resources.devices", [deny_all, {**allow, "access": "r"}])
        ),
        standard,
    )
    yield Case("devices-all", at("linux.resources.devices", [{"allow": True, "access": "rwm"}]), standard)
    yield Case(
        "devices-block",
        at("linux.resources.devices", [deny_all, {"allow": True, "type": "b", "access": "m"}]),
        standard,
    )
    yield Case(
        "devices-mknod",
        both(
            capabilities("CAP_MKNOD"),
            at(
                "linux.resources.devices",
                [deny_all, {"allow": True, "type": "c", "major": 1, "access": "rwm"}],
            ),
        ),
    )
    yield Case(
        "devices-absent",
        lambda config: config["linux"].get("resources", {}).pop("devices", None) and None,
        standard,
    )
    yield Case(
        "device-nested", at("linux.devices", [{**fuse, "path": "/dev/sub/fuse"}]), ("list", "/dev/sub")
    )
    yield Case("device-fifo", at("linux.devices", [{"path": "/dev/a-fifo", "type": "p", "fileMode": 0o640}]))
    yield Case(
        "device-no-mode", at("linux.devices", [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229}])
    )
    yield Case(
        "device-user-namespace",
        both(user_namespace(), at("linux.devices", [fuse]), at("linux.resources.devices", [deny_all, allow])),
        standard,
    )


def sysctl_cases() -> Iterator[Case]:
    for key, value in (
        ("net.ipv4.ip_forward", "1"),
        ("net.ipv4.ip_unprivileged_port_start", "80"),
        ("kernel.shmmax", "65536"),
        ("kernel.msgmax", "4096"),
        ("kernel.sem", "32000 1024000000 500 32000"),
        ("fs.mqueue.msg_max", "20"),
        ("kernel.domainname", "example"),
        ("net.core.somaxconn", "77"),
    ):
        yield Case(
            f"sysctl-{key}",
            at("linux.sysctl", {key: value}),
            ("sysctl", "/proc/sys/" + key.replace(".", "/")),
        )
    yield Case(
        "sysctl-slash",
        at("linux.sysctl", {"net/ipv4/ip_forward": "1"}),
        ("sysctl", "/proc/sys/net/ipv4/ip_forward"),
    )


def resource_cases() -> Iterator[Case]:
    values: dict[str, Any] = {
        "memory-limit": {"memory": {"limit": 64 << 20}},
        "memory-reservation": {"memory": {"limit": 64 << 20, "reservation": 32 << 20}},
        "memory-swap": {"memory": {"limit": 64 << 20, "swap": 128 << 20}},
        "memory-unlimited": {"memory": {"limit": -1}},
        "memory-swappiness": {"memory": {"limit": 64 << 20, "swappiness": 10}},
        "memory-no-oom-killer": {"memory": {"limit": 64 << 20, "disableOOMKiller": True}},
        "cpu-shares": {"cpu": {"shares": 512}},
        "cpu-shares-least": {"cpu": {"shares": 2}},
        "cpu-quota": {"cpu": {"quota": 50000, "period": 100000}},
        "cpu-quota-only": {"cpu": {"quota": 20000}},
        "cpu-period-only": {"cpu": {"period": 50000}},
        "cpu-unlimited": {"cpu": {"quota": -1, "period": 100000}},
        "cpuset": {"cpu": {"cpus": "0", "mems": "0"}},
        "cpuset-both": {"cpu": {"cpus": "0-1"}},
        "pids": {"pids": {"limit": 20}},
        "pids-unlimited": {"pids": {"limit": -1}},
        "pids-zero": {"pids": {"limit": 0}},
        "block-weight": {"blockIO": {}},
        "block-throttle": {
            "blockIO": {"throttleReadBpsDevice": [{"major": 254, "minor": 0, "rate": 1 << 20}]}
        },
        "block-throttle-iops": {
            "blockIO": {"throttleWriteIOPSDevice": [{"major": 254, "minor": 0, "rate": 100}]}
        },
        "everything": {
            "memory": {"limit": 128 << 20},
            "cpu": {"shares": 100, "quota": 30000, "period": 60000, "cpus": "1"},
            "pids": {"limit": 30},
        },
    }
    for name, tree in values.items():
        yield Case(f"resources-{name}", with_resources(tree))


def seccomp_cases() -> Iterator[Case]:
    allow, errno, kill = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL"
    yield Case("seccomp-allow-all", seccomp(allow))
    yield Case("seccomp-one-errno", seccomp(allow, rule(errno, "mount", "umount2")))
    yield Case(
        "seccomp-errno-value",
        seccomp(allow, rule(errno, "ptrace", errnoRet=38), rule(errno, "acct", errnoRet=95)),
    )
    yield Case("seccomp-kill-process", seccomp(allow, rule("SCMP_ACT_KILL_PROCESS", "keyctl")))
    yield Case("seccomp-kill", seccomp(allow, rule(kill, "swapon")))
    yield Case("seccomp-trap", seccomp(allow, rule("SCMP_ACT_TRAP", "chroot")))
    yield Case("seccomp-trace", seccomp(allow, rule("SCMP_ACT_TRACE", "quotactl", errnoRet=7)))
    yield Case("seccomp-log", seccomp(allow, rule("SCMP_ACT_LOG", "kcmp")))
    yield Case("seccomp-unknown-call", seccomp(allow, rule(errno, "no_such_call", "bpf")))
    args = [{"index": 0, "value": 40, "op": "SCMP_CMP_EQ"}]
    yield Case("seccomp-argument", seccomp(allow, rule(errno, "socket", args=args)))
    for op, value, two in (
        ("NE", 1, 0),
        ("LT", 5, 0),
        ("LE", 16, 0),
        ("GE", 17, 0),
        ("GT", 16, 0),
        ("MASKED_EQ", 1, 1),
    ):
        args = [{"index": 0, "value": value, "valueTwo": two, "op": f"SCMP_CMP_{op}"}]
        yield Case(f"seccomp-operator-{op.lower()}", seccomp(allow, rule(errno, "socket", args=args)))
    twice = [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 40, "op": "SCMP_CMP_EQ"}]
    yield Case("seccomp-same-argument-twice", seccomp(allow, rule(errno, "socket", args=twice)))
    pair = [{"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 3, "op": "SCMP_CMP_EQ"}]
    yield Case("seccomp-two-arguments", seccomp(allow, rule(errno, "socket", args=pair)))
    yield Case(
        "seccomp-architectures",
        seccomp(
            allow, rule(errno, "mount"), architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
        ),
    )
    yield Case("seccomp-flags", seccomp(allow, rule(errno, "mount"), flags=["SECCOMP_FILTER_FLAG_LOG"]))
    yield Case("seccomp-default-errno", seccomp(allow, rule(errno, "mount"), defaultErrnoRet=5))
    yield Case(
        "seccomp-user", both(seccomp(allow, rule(errno, "mount")), at("process.user", {"uid": 5, "gid": 5}))
    )
    yield Case(
        "seccomp-new-privileges",
        both(seccomp(allow, rule(errno, "mount")), at("process.noNewPrivileges", False)),
    )


def cases() -> tuple[Case, ...]:
    """Every hand-made case."""
    groups = (
        namespace_cases,
        process_cases,
        capability_cases,
        mount_cases,
        device_cases,
        sysctl_cases,
        resource_cases,
        seccomp_cases,
    )
    return tuple(case for group in groups for case in group())


if __name__ == "__main__":
    print(len(cases()))
