"""Malformed and hostile configs: what is wrong, and the JSON path (or the word) that the error must name.

A row changes the tests' usual config, or is the raw text of config.json. `refused_by_runc` is False where real runc takes
the config (we are stricter) or says something that does not count as a refusal; the tests run with it too.
"""

# ruff: noqa: E501  # one row, one line
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Config = dict[str, Any]


@dataclass(frozen=True)
class Hostile:
    """One row: `change` edits the config in place; `raw` replaces the file's text; `names` is a regular expression."""

    name: str
    names: str
    change: Callable[[Config], None] | None = None
    raw: bytes | None = None
    refused_by_runc: bool = True


def at(path: str, value: Any) -> Callable[[Config], None]:
    """Sets the value at a dotted path."""

    def change(config: Config) -> None:
        *parents, last = path.split(".")
        place = config
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = value

    return change


def without(path: str) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        *parents, last = path.split(".")
        place = config
        for name in parents:
            place = place[name]
        del place[last]

    return change


def mounted(**entry: Any) -> Callable[[Config], None]:
    """Appends a mount."""
    return lambda config: config["mounts"].append(entry)


def namespace(**entry: Any) -> Callable[[Config], None]:
    """Appends a namespace."""
    return lambda config: config["linux"]["namespaces"].append(entry)


def rule(*, arguments: list[Config] | None = None, **more: Any) -> Config:
    entry = {"names": ["mount"], "action": "SCMP_ACT_ERRNO", "args": arguments or [], **more}
    return {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [entry]}


LAST_MOUNT = r"mounts\[\d+\]"
LAST_NAMESPACE = r"linux\.namespaces\[\d+\]"


def unmapped_user(config: Config) -> None:
    """An id of the process that its user namespace does not have."""
    mapping = [{"containerID": 0, "hostID": 100000, "size": 1000}]
    config["process"]["user"] = {"uid": 5000, "gid": 5000}
    config["linux"]["namespaces"].append({"type": "user"})
    config["linux"] |= {"uidMappings": mapping, "gidMappings": mapping}


TEXTS = (
    Hostile("empty-file", r"config\.json", raw=b""),
    Hostile("not-json", r"config\.json", raw=b"{not json"),
    Hostile("cut-off", r"config\.json", raw=b'{"ociVersion": "1.0.2", "process": {"args": ['),
    Hostile(
        "two-documents",
        r"config\.json",
        raw=b'{"ociVersion":"1.0.2"} {"ociVersion":"1.0.2"}',
        refused_by_runc=False,
    ),
    Hostile("a-list", r"config\.json|object", raw=b"[]"),
    Hostile("a-number", r"config\.json|object", raw=b"42"),
    Hostile("null", r"config\.json|object|process", raw=b"null", refused_by_runc=False),
    Hostile("not-utf-8", r"config\.json", raw=b'{"ociVersion": "\xff\xfe"}'),
    Hostile(
        "very-deep", r"config\.json|deep", raw=b'{"annotations":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    ),
    Hostile("nul-byte", r"config\.json", raw=b'{"ociVersion": "1.0.2"\x00}'),
    Hostile(
        "huge", r"config\.json|large|process", raw=b'{"annotations": {"a": "' + b"x" * (64 << 20) + b'"}}'
    ),
)

STRUCTURE = (
    Hostile("no-process", "process", without("process")),
    Hostile("no-root", "root", without("root")),
    Hostile("no-args", r"process\.args", at("process.args", [])),
    Hostile("args-a-text", r"process\.args", at("process.args", "true")),
    Hostile("args-of-numbers", r"process\.args\[0\]", at("process.args", [1])),
    Hostile("args-with-nul", r"process\.args", at("process.args", ["true", "a\0b"]), refused_by_runc=False),
    Hostile("env-with-nul", r"process\.env", at("process.env", ["PATH=/bin", "A=a\0b"])),
    Hostile("no-cwd", r"process\.cwd", without("process.cwd")),
    Hostile("relative-cwd", r"process\.cwd", at("process.cwd", "tmp")),
    Hostile("user-a-text", r"process\.user", at("process.user", "root")),
    Hostile("uid-negative", r"process\.user\.uid", at("process.user.uid", -1)),
    Hostile("uid-too-large", r"process\.user\.uid", at("process.user.uid", 1 << 40)),
    Hostile("root-path-missing", r"root\.path|rootfs", at("root.path", "/no/such/rootfs")),
    Hostile("root-path-empty", r"root\.path", at("root.path", "")),
    Hostile("root-readonly-a-text", r"root\.readonly", at("root.readonly", "yes")),
    Hostile("hostname-without-uts", "hostname|uts", lambda config: config["linux"].update(namespaces=[{"type": "mount"}, {"type": "pid"}])),
    Hostile("hostname-a-number", "hostname", at("hostname", 5)),
    Hostile("mounts-an-object", "mounts", at("mounts", {})),
)  # fmt: skip

PROCESS = (
    Hostile("rlimit-unknown", r"process\.rlimits\[0\]|RLIMIT_NONE", at("process.rlimits", [{"type": "RLIMIT_NONE", "soft": 1, "hard": 1}])),
    Hostile("rlimit-soft-over-hard", r"process\.rlimits\[0\]", at("process.rlimits", [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}])),
    Hostile("rlimit-negative", r"process\.rlimits\[0\]", at("process.rlimits", [{"type": "RLIMIT_CORE", "soft": -1, "hard": 1}])),
    Hostile("oom-score-too-high", r"process\.oomScoreAdj", at("process.oomScoreAdj", 2000)),
    Hostile("scheduler-unknown", r"process\.scheduler", at("process.scheduler", {"policy": "SCHED_NONE"}), refused_by_runc=False),
    Hostile("io-priority-unknown", r"process\.ioPriority", at("process.ioPriority", {"class": "IOPRIO_CLASS_NONE_SUCH", "priority": 1}), refused_by_runc=False),
    Hostile("io-priority-out-of-range", r"process\.ioPriority", at("process.ioPriority", {"class": "IOPRIO_CLASS_BE", "priority": 99}), refused_by_runc=False),
    Hostile("personality-unknown", r"linux\.personality", at("linux.personality", {"domain": "MINIX"}), refused_by_runc=False),
    Hostile("program-missing", "no-such-program", at("process.args", ["no-such-program"])),
    Hostile("program-a-folder", "permission denied", at("process.args", ["/etc"])),
    Hostile("user-outside-the-mapping", r"process\.user|uid|gid", unmapped_user),
    Hostile("console-without-socket", "console", at("process.terminal", True)),
)  # fmt: skip

LINUX = (
    Hostile("namespace-unknown", LAST_NAMESPACE, namespace(type="galaxy")),
    Hostile("namespace-twice", LAST_NAMESPACE, namespace(type="pid")),
    Hostile("namespace-path-missing", rf"{LAST_NAMESPACE}|/no/such", lambda config: config["linux"]["namespaces"].__setitem__(1, {"type": "network", "path": "/no/such"})),
    Hostile("namespace-path-relative", LAST_NAMESPACE, lambda config: config["linux"]["namespaces"].__setitem__(1, {"type": "network", "path": "ns"})),
    Hostile("namespace-path-of-another-type", rf"{LAST_NAMESPACE}", lambda config: config["linux"]["namespaces"].__setitem__(1, {"type": "network", "path": "/proc/self/ns/uts"})),
    Hostile("namespace-path-a-folder", LAST_NAMESPACE, lambda config: config["linux"]["namespaces"].__setitem__(1, {"type": "network", "path": "/tmp"})),
    Hostile("user-namespace-without-mapping", r"linux\.(uid|gid)Mappings|mapping", namespace(type="user")),
    Hostile("time-offsets-without-namespace", r"linux\.timeOffsets", at("linux.timeOffsets", {"monotonic": {"secs": 5}}), refused_by_runc=False),
    Hostile("sysctl-of-the-host", r"linux\.sysctl", at("linux.sysctl", {"vm.overcommit_memory": "1"})),
    Hostile("sysctl-missing", r"linux\.sysctl", at("linux.sysctl", {"net.ipv4.no_such_thing": "1"})),
    Hostile("sysctl-out-of-proc-sys", r"linux\.sysctl", at("linux.sysctl", {"net/../../sysrq-trigger": "h"})),
    Hostile("sysctl-network-of-the-host", r"linux\.sysctl", lambda config: (
        config["linux"].update(sysctl={"net.ipv4.ip_forward": "1"}, namespaces=[entry for entry in config["linux"]["namespaces"] if entry["type"] != "network"])) and None),
    Hostile("device-type-unknown", r"linux\.devices\[0\]", at("linux.devices", [{"path": "/dev/x", "type": "q", "major": 1, "minor": 3}])),
    Hostile("propagation-unknown", r"linux\.rootfsPropagation", at("linux.rootfsPropagation", "sideways")),
    Hostile("cgroups-path-out", r"linux\.cgroupsPath", at("linux.cgroupsPath", 7)),
    Hostile("memory-limit-a-text", r"linux\.resources\.memory\.limit", at("linux.resources.memory", {"limit": "1g"})),
    Hostile("memory-limit-tiny", r"memory|OOM|killed", at("linux.resources.memory", {"limit": 4096})),
    Hostile("cpus-unknown", r"linux\.resources\.cpu\.cpus|cpuset", at("linux.resources.cpu", {"cpus": "400-500"})),
    Hostile("cpu-period-too-short", r"linux\.resources\.cpu|cpu\.cfs_period", at("linux.resources.cpu", {"period": 1, "quota": 1})),
    Hostile("device-rule-access", r"linux\.resources\.devices\[0\]", at("linux.resources.devices", [{"allow": True, "type": "c", "access": "rwz"}]), refused_by_runc=False),
    Hostile("seccomp-action-unknown", r"linux\.seccomp", at("linux.seccomp", {"defaultAction": "SCMP_ACT_SING"})),
    Hostile("seccomp-operator-unknown", r"linux\.seccomp", at("linux.seccomp", rule(arguments=[{"index": 0, "value": 1, "op": "SCMP_CMP_LIKE"}]))),
    Hostile("seccomp-argument-seven", r"linux\.seccomp", at("linux.seccomp", rule(arguments=[{"index": 7, "value": 1, "op": "SCMP_CMP_EQ"}]))),
    Hostile("seccomp-arch-unknown", r"linux\.seccomp", at("linux.seccomp", {**rule(), "architectures": ["SCMP_ARCH_PDP11"]})),
    Hostile("seccomp-flag-unknown", r"linux\.seccomp", at("linux.seccomp", {**rule(), "flags": ["SECCOMP_FILTER_FLAG_NONE_SUCH"]})),
    Hostile("apparmor-where-there-is-none", "apparmor", at("process.apparmorProfile", "no-such-profile")),
)  # fmt: skip

MOUNTS = (
    Hostile("mount-source-missing", rf"{LAST_MOUNT}|/no/such", mounted(destination="/mnt", type="bind", source="/no/such", options=["bind"])),
    Hostile("mount-without-destination", LAST_MOUNT, mounted(type="tmpfs", source="tmpfs")),
    Hostile("mount-type-unknown", LAST_MOUNT, mounted(destination="/mnt", type="no-such-fs", source="none")),
    Hostile("mount-data-unknown", LAST_MOUNT, mounted(destination="/mnt", type="tmpfs", source="tmpfs", options=["no-such-option"])),
    Hostile("mount-options-a-text", LAST_MOUNT, mounted(destination="/mnt", type="tmpfs", source="tmpfs", options="ro")),
    Hostile("mount-over-proc-self", LAST_MOUNT, mounted(destination="/proc/self", type="tmpfs", source="tmpfs")),
    Hostile("mount-over-proc-sys", LAST_MOUNT, mounted(destination="/proc/sys", type="tmpfs", source="tmpfs"), refused_by_runc=False),
    Hostile("mount-over-proc-by-dots", LAST_MOUNT, mounted(destination="/tmp/../proc/sys", type="tmpfs", source="tmpfs"), refused_by_runc=False),
    Hostile("bind-over-proc-attr", LAST_MOUNT, mounted(destination="/proc/self/attr", type="bind", source="/tmp", options=["bind"])),
    Hostile("proc-elsewhere-in-proc", LAST_MOUNT, mounted(destination="/proc/1", type="proc", source="proc")),
    Hostile("idmap-without-mapping", LAST_MOUNT, mounted(destination="/mnt", type="bind", source="/tmp", options=["bind", "idmap"]), refused_by_runc=False),
)  # fmt: skip

HOOKS = (
    Hostile("hook-missing", r"hooks", at("hooks", {"prestart": [{"path": "/no/such/hook"}]})),
    Hostile("hook-relative", r"hooks\.prestart\[0\]", at("hooks", {"prestart": [{"path": "hook"}]})),
    Hostile("hook-fails", r"hook", at("hooks", {"createRuntime": [{"path": "/bin/false"}]})),
    Hostile("hook-fails-in-the-container", r"hook", at("hooks", {"createContainer": [{"path": "/bin/false"}]})),
    Hostile("hook-hangs", r"hook", at("hooks", {"prestart": [{"path": "/bin/sleep", "args": ["sleep", "1000"], "timeout": 1}]})),
    Hostile("hook-timeout-negative", r"hooks\.prestart\[0\]", at("hooks", {"prestart": [{"path": "/bin/true", "timeout": -5}]}), refused_by_runc=False),
)  # fmt: skip

ALL = (*TEXTS, *STRUCTURE, *PROCESS, *LINUX, *MOUNTS, *HOOKS)
