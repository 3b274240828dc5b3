"""A broken and a sound config for each rule of the validator: what both tests of it go through.

A patch names members by path: "linux.namespaces[0].type"; `[+]` appends; ABSENT removes. Values that are callable
get the member as it was.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from tiffin.spec.runtime import defaults
from tiffin.spec.runtime.validation import ERROR, WARNING

Patch = dict[str, Any]
ABSENT = object()
USER: Patch = {
    "linux.namespaces[+]": {"type": "user"},
    "linux.uidMappings": [{"containerID": 0, "hostID": 0, "size": 1000}],
    "linux.gidMappings": [{"containerID": 0, "hostID": 0, "size": 1000}],
}
TIME: Patch = {"linux.namespaces[+]": {"type": "time"}}
SECCOMP: Patch = {"linux.seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}


@dataclass(frozen=True)
class Case:
    """`broken` has a problem of this rule and severity at this path, `sound` has none at all.

    `peer` says why runc 1.1 accepts an error all the same; `host` why it cannot be asked here.
    """

    rule: str
    severity: str
    path: str
    broken: Patch
    sound: Patch
    peer: str = ""
    host: str = ""

    @property
    def name(self) -> str:
        return f"{self.rule}-{self.path}"


def base() -> dict[str, Any]:
    """A config that any Linux can run: every default, `true` as the program."""
    config: Any = defaults.config()
    config["process"]["args"] = ["/bin/true"]
    return dict(config)


def patched(patch: Patch) -> dict[str, Any]:
    """The base with a patch."""
    config = base()
    for path, value in patch.items():
        *parents, last = path.replace("[", ".[").split(".")
        node: Any = config
        for part in parents:
            node = node[int(part[1:-1])] if part.startswith("[") else node.setdefault(part, {})
        if last == "[+]":
            node.append(copy.deepcopy(value))
        elif last.startswith("["):
            node[int(last[1:-1])] = copy.deepcopy(value)
        elif value is ABSENT:
            node.pop(last, None)
        else:
            node[last] = copy.deepcopy(value)
    return config


def _mount(**members: Any) -> Patch:
    return {"mounts[+]": {"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", **members}}


def _hook(**members: Any) -> Patch:
    return {"hooks": {"createRuntime": [{"path": "/bin/true", **members}]}}


def _device(**members: Any) -> Patch:
    device = {"path": "/dev/one", "type": "c", "major": 1, "minor": 3, **members}
    return {"linux.devices": [{name: value for name, value in device.items() if value is not ABSENT}]}


def _mappings(*triples: tuple[int, int, int]) -> Patch:
    uids = [dict(zip(("containerID", "hostID", "size"), triple, strict=True)) for triple in triples]
    return {**USER, "linux.uidMappings": uids}


def _rule(**members: Any) -> Patch:
    return {
        "linux.resources.devices[+]": {
            "allow": True,
            "type": "c",
            "major": 1,
            "minor": 3,
            "access": "rw",
            **members,
        }
    }


def _syscalls(**members: Any) -> Patch:
    entry = {"names": ["getcwd"], "action": "SCMP_ACT_ERRNO", **members}
    return {**SECCOMP, "linux.seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [entry]}}


def _seccomp(**members: Any) -> Patch:
    return {"linux.seccomp": {"defaultAction": "SCMP_ACT_ALLOW", **members}}


NEWER = "a member that runc 1.1 does not know, and so ignores; newer ones refuse it"

STRUCTURE = (
    Case("type", ERROR, "process.cwd", {"process.cwd": 3}, {}),
    Case("type", ERROR, "process.terminal", {"process.terminal": "no"}, {"process.terminal": False}),
    Case("type", ERROR, "process.args[1]", {"process.args[+]": 1}, {"process.args[+]": "1"}),
    Case("type", ERROR, "mounts[7]", {"mounts[+]": "x"}, {}),
    Case("type", ERROR, "mounts", {"mounts": {}}, {"mounts": []}),
    Case("type", ERROR, "linux", {"linux": []}, {}),
    Case("type", ERROR, 'annotations["a.b"]', {"annotations": {"a.b": 1}}, {"annotations": {"a.b": "1"}}),
    Case("type", ERROR, "process.user.uid", {"process.user.uid": 1.0}, {"process.user.uid": 1}),
    Case("type", ERROR, "process.user.gid", {"process.user.gid": True}, {"process.user.gid": 1}),
    Case("range", ERROR, "process.user.uid", {"process.user.uid": -1}, {"process.user.uid": 2**32 - 2}),
    Case("range", ERROR, "process.user.gid", {"process.user.gid": 2**32}, {"process.user.gid": 0}),
    Case(
        "range",
        ERROR,
        "linux.resources.blockIO.weight",
        {"linux.resources.blockIO": {"weight": 65536}},
        {"linux.resources.blockIO": {"weight": 500}},
    ),
    Case(
        "range",
        ERROR,
        "linux.resources.memory.limit",
        {"linux.resources.memory": {"limit": 2**63}},
        {"linux.resources.memory": {"limit": 2**40}},
    ),
    Case("required", ERROR, "process.cwd", {"process.cwd": ABSENT}, {}),
    Case("required", ERROR, "mounts[7].destination", {"mounts[+]": {"type": "tmpfs"}}, _mount()),
    Case("required", WARNING, "linux.seccomp.defaultAction", {"linux.seccomp": {"syscalls": []}}, SECCOMP),
    Case("required", WARNING, "ociVersion", {"ociVersion": ABSENT}, {"ociVersion": "1.0.2-dev"}),
    Case("required", WARNING, "process.user", {"process.user": ABSENT}, {}),
    Case("required", WARNING, "process.user.uid", {"process.user": {"gid": 0}}, {}),
    Case(
        "enumeration",
        ERROR,
        "linux.namespaces[1].type",
        {"linux.namespaces[1]": {"type": "net"}},
        {"linux.namespaces[1]": {"type": "network"}},
    ),
    Case(
        "enumeration",
        ERROR,
        "process.rlimits[0].type",
        {"process.rlimits": [{"type": "RLIMIT_X", "hard": 1, "soft": 1}]},
        {"process.rlimits": [{"type": "RLIMIT_CORE", "hard": 1, "soft": 1}]},
    ),
    Case(
        "enumeration",
        ERROR,
        "linux.rootfsPropagation",
        {"linux.rootfsPropagation": "x"},
        {"linux.rootfsPropagation": "slave"},
    ),
    Case("enumeration", ERROR, "linux.seccomp.defaultAction", _seccomp(defaultAction="ALLOW"), SECCOMP),
    Case(
        "enumeration",
        ERROR,
        "linux.seccomp.architectures[0]",
        _seccomp(architectures=["X86"]),
        _seccomp(architectures=["SCMP_ARCH_X86"]),
    ),
    Case(
        "enumeration",
        ERROR,
        "linux.seccomp.flags[0]",
        _seccomp(flags=["LOG"]),
        _seccomp(flags=["SECCOMP_FILTER_FLAG_LOG"]),
    ),
    Case(
        "enumeration",
        ERROR,
        "linux.seccomp.syscalls[0].args[0].op",
        _syscalls(args=[{"index": 0, "value": 0, "op": "EQ"}]),
        _syscalls(args=[{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"}]),
    ),
    Case("enumeration", ERROR, "linux.devices[0].type", _device(type="x"), _device(type="b")),
    Case("enumeration", ERROR, "linux.resources.devices[12].type", _rule(type="p"), _rule(type="b")),
    Case(
        "type",
        ERROR,
        "process.args[1]",
        {"process.args[+]": None},
        {"annotations": {"a": None}},
        peer="a null in an array is an empty string to Go",
    ),
    Case("nul", ERROR, "process.cwd", {"process.cwd": "/\0"}, {}),
    Case("nul", ERROR, "process.args[1]", {"process.args[+]": "a\0b"}, {}),
    Case("nul", ERROR, "mounts[7].source", _mount(source="a\0"), _mount()),
    Case("name.case", WARNING, "HostName", {"HostName": "x"}, {"hostname": "x"}),
)

DOCUMENT = (
    Case("version.semver", WARNING, "ociVersion", {"ociVersion": "1.0"}, {"ociVersion": "1.0.0-rc.1+b7"}),
    Case("version.semver", WARNING, "ociVersion", {"ociVersion": "1.01.0"}, {"ociVersion": "1.10.0"}),
    Case("version.compatible", WARNING, "ociVersion", {"ociVersion": "2.0.0"}, {"ociVersion": "1.99.0"}),
    Case("root.required", ERROR, "root", {"root": ABSENT}, {}),
    Case("root.path", ERROR, "root.path", {"root.path": ""}, {"root.path": "rootfs"}),
    Case("process.required", ERROR, "process", {"process": ABSENT}, {}),
    Case(
        "uts.namespace",
        ERROR,
        "hostname",
        {"hostname": "x", "linux.namespaces[3]": {"type": "cgroup"}},
        {"hostname": "x"},
    ),
    Case(
        "uts.namespace",
        ERROR,
        "domainname",
        {"domainname": "x", "linux.namespaces[3]": {"type": "cgroup"}},
        {"domainname": "x"},
        peer=NEWER,
    ),
    Case("uts.length", ERROR, "hostname", {"hostname": "x" * 65}, {"hostname": "x" * 64}),
    Case("annotations.key", WARNING, "annotations", {"annotations": {"": "x"}}, {"annotations": {"x": ""}}),
    Case(
        "cgroups-path",
        WARNING,
        "linux.cgroupsPath",
        {"linux.cgroupsPath": "/a/../b"},
        {"linux.cgroupsPath": "/a..b"},
    ),
)

PROCESS = (
    Case("process.cwd", ERROR, "process.cwd", {"process.cwd": "bin"}, {"process.cwd": "/bin"}),
    Case("process.cwd", ERROR, "process.cwd", {"process.cwd": ""}, {}),
    Case("process.args", ERROR, "process.args", {"process.args": []}, {}),
    Case("process.args", ERROR, "process.args", {"process.args": ABSENT}, {}),
    Case("process.args", ERROR, "process.args[0]", {"process.args": [""]}, {}),
    Case("process.env", ERROR, "process.env[0]", {"process.env": ["A"]}, {"process.env": ["A="]}),
    Case("process.env", ERROR, "process.env[0]", {"process.env": ["=A"]}, {"process.env": ["A==B"]}),
    Case(
        "process.env.unique",
        WARNING,
        "process.env[1]",
        {"process.env": ["A=1", "A=2"]},
        {"process.env": ["A=1", "a=2"]},
    ),
    Case(
        "process.umask",
        WARNING,
        "process.user.umask",
        {"process.user.umask": 0o1022},
        {"process.user.umask": 0o022},
    ),
    Case(
        "capabilities.known",
        WARNING,
        "process.capabilities.bounding[0]",
        {"process.capabilities": {"bounding": ["CAP_FLY"]}},
        {"process.capabilities": {"bounding": ["CAP_BPF"]}},
    ),
    Case(
        "capabilities.effective",
        ERROR,
        "process.capabilities.effective",
        {"process.capabilities.effective[+]": "CAP_BPF"},
        {"process.capabilities.effective": []},
    ),
    Case(
        "capabilities.inheritable",
        ERROR,
        "process.capabilities.inheritable",
        {"process.capabilities.inheritable": ["CAP_BPF"]},
        {"process.capabilities.inheritable": ["CAP_KILL"]},
    ),
    Case(
        "process.user",
        ERROR,
        "process.user.gid",
        {"process.user.gid": 2**32 - 1},
        {"process.user.gid": 2**31 - 1},
    ),
    Case(
        "process.user",
        ERROR,
        "process.user.additionalGids[1]",
        {"process.user.additionalGids": [1, 2**32 - 1]},
        {"process.user.additionalGids": [1, 2]},
    ),
    Case(
        "rlimits.unique",
        WARNING,
        "process.rlimits[1].type",
        {"process.rlimits[+]": {"type": "RLIMIT_NOFILE", "soft": 512, "hard": 1024}},
        {"process.rlimits[+]": {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}},
    ),
    Case(
        "rlimits.order",
        ERROR,
        "process.rlimits[0].soft",
        {"process.rlimits[0].soft": 2048},
        {"process.rlimits[0].soft": 512},
    ),
    Case(
        "process.oom-score",
        ERROR,
        "process.oomScoreAdj",
        {"process.oomScoreAdj": 1001},
        {"process.oomScoreAdj": 1000},
    ),
    Case(
        "scheduler.nice",
        ERROR,
        "process.scheduler.nice",
        {"process.scheduler": {"policy": "SCHED_OTHER", "nice": 20}},
        {"process.scheduler": {"policy": "SCHED_OTHER", "nice": 19}},
        peer=NEWER,
    ),
    Case(
        "scheduler.priority",
        ERROR,
        "process.scheduler.priority",
        {"process.scheduler": {"policy": "SCHED_BATCH", "priority": 1}},
        {"process.scheduler": {"policy": "SCHED_FIFO", "priority": 1}},
        peer=NEWER,
    ),
    Case(
        "scheduler.priority",
        ERROR,
        "process.scheduler.priority",
        {"process.scheduler": {"policy": "SCHED_RR", "priority": 100}},
        {"process.scheduler": {"policy": "SCHED_RR", "priority": 99}},
        peer=NEWER,
    ),
    Case(
        "scheduler.deadline",
        ERROR,
        "process.scheduler.runtime",
        {"process.scheduler": {"policy": "SCHED_DEADLINE", "runtime": 2000, "deadline": 1500}},
        {
            "process.scheduler": {
                "policy": "SCHED_DEADLINE",
                "runtime": 2000,
                "deadline": 3000,
                "period": 3000,
            }
        },
        peer=NEWER,
    ),
    Case(
        "scheduler.deadline",
        ERROR,
        "process.scheduler.runtime",
        {"process.scheduler": {"policy": "SCHED_IDLE", "runtime": 2000}},
        {"process.scheduler": {"policy": "SCHED_IDLE"}},
        peer=NEWER,
    ),
    Case(
        "io-priority",
        ERROR,
        "process.ioPriority.priority",
        {"process.ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 8}},
        {"process.ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 7}},
        peer=NEWER,
    ),
    Case(
        "process.affinity",
        ERROR,
        "process.execCPUAffinity.final",
        {"process.execCPUAffinity": {"final": "3-1"}},
        {"process.execCPUAffinity": {"initial": "0", "final": "0-3,7"}},
        peer=NEWER,
    ),
)

MOUNTS = (
    Case("mounts.absolute", WARNING, "mounts[7].destination", _mount(destination="mnt"), _mount()),
    Case(
        "mounts.source",
        ERROR,
        "mounts[7].source",
        _mount(options=["bind"], source=""),
        _mount(options=["bind"]),
        peer="it mounts the bundle's own directory, config.json and all, into the container",
    ),
    Case("mounts.destination", ERROR, "mounts[7].destination", _mount(destination=""), _mount()),
    Case("mounts.type", ERROR, "mounts[7].type", _mount(type=""), _mount(type="", options=["rbind"])),
    Case(
        "mounts.mappings",
        ERROR,
        "mounts[7]",
        _mount(
            options=["rbind", "idmap"],
            source="/tmp",
            uidMappings=[{"containerID": 0, "hostID": 5, "size": 1}],
        ),
        _mount(
            options=["rbind", "idmap"],
            uidMappings=[{"containerID": 0, "hostID": 5, "size": 1}],
            gidMappings=[{"containerID": 0, "hostID": 5, "size": 1}],
        ),
        peer=NEWER,
    ),
    Case(
        "mounts.idmap",
        ERROR,
        "mounts[7].options",
        _mount(options=["idmap", "bind"], source="/tmp"),
        {**USER, **_mount(options=["idmap", "bind"], source="/tmp")},
        peer=NEWER,
    ),
    Case(
        "mounts.idmap.option",
        WARNING,
        "mounts[7].options",
        _mount(
            options=["rbind"],
            source="/tmp",
            uidMappings=[{"containerID": 0, "hostID": 5, "size": 1}],
            gidMappings=[{"containerID": 0, "hostID": 5, "size": 1}],
        ),
        _mount(options=["rbind"], source="/tmp"),
    ),
    Case("hooks.path", ERROR, "hooks.createRuntime[0].path", _hook(path="true"), _hook()),
    Case("hooks.timeout", ERROR, "hooks.createRuntime[0].timeout", _hook(timeout=0), _hook(timeout=1)),
    Case("hooks.timeout", ERROR, "hooks.createRuntime[0].timeout", _hook(timeout=-1), _hook(timeout=1)),
    Case("hooks.env", WARNING, "hooks.createRuntime[0].env[0]", _hook(env=["A"]), _hook(env=["A=1"])),
)

NAMESPACES = (
    Case(
        "namespaces.unique", ERROR, "linux.namespaces[5].type", {"linux.namespaces[+]": {"type": "uts"}}, {}
    ),
    Case(
        "namespaces.path",
        ERROR,
        "linux.namespaces[1].path",
        {"linux.namespaces[1]": {"type": "network", "path": "proc/self/ns/net"}},
        {"linux.namespaces[1]": {"type": "network", "path": "/proc/self/ns/net"}},
    ),
    Case(
        "user.namespace",
        WARNING,
        "linux.uidMappings",
        {"linux.uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}]},
        USER,
    ),
    Case(
        "user.joined",
        WARNING,
        "linux.uidMappings",
        {**USER, "linux.namespaces[5].path": "/proc/self/ns/user"},
        {"linux.namespaces[+]": {"type": "user", "path": "/proc/self/ns/user"}},
        host="the test's own namespace cannot be joined again",
    ),
    Case("user.mappings", ERROR, "linux.gidMappings", {**USER, "linux.gidMappings": []}, USER),
    Case("user.mappings", ERROR, "linux.uidMappings", {**USER, "linux.uidMappings": []}, USER),
    Case("mappings.count", ERROR, "linux.uidMappings", _mappings(*((n, n, 1) for n in range(341))), USER),
    Case("mappings.size", ERROR, "linux.uidMappings[0].size", _mappings((0, 0, 0)), USER),
    Case("mappings.range", ERROR, "linux.uidMappings[0].hostID", _mappings((0, 2**32 - 5, 10)), USER),
    Case(
        "mappings.overlap",
        ERROR,
        "linux.uidMappings[1].containerID",
        _mappings((0, 1000, 10), (5, 2000, 10)),
        _mappings((0, 0, 10), (10, 2000, 10)),
    ),
    Case(
        "mappings.overlap",
        ERROR,
        "linux.uidMappings[1].hostID",
        _mappings((0, 1000, 10), (100, 1009, 10)),
        _mappings((0, 0, 10), (100, 2010, 10)),
    ),
    Case(
        "time.namespace",
        ERROR,
        "linux.timeOffsets",
        {"linux.timeOffsets": {"boottime": {"secs": 1}}},
        {**TIME, "linux.timeOffsets": {"boottime": {"secs": 1}}},
        peer=NEWER,
    ),
    Case(
        "time.joined",
        ERROR,
        "linux.timeOffsets",
        {
            "linux.namespaces[+]": {"type": "time", "path": "/proc/self/ns/time"},
            "linux.timeOffsets": {"boottime": {"secs": 1}},
        },
        {"linux.namespaces[+]": {"type": "time", "path": "/proc/self/ns/time"}},
    ),
    Case(
        "time.clock",
        ERROR,
        'linux.timeOffsets["realtime"]',
        {**TIME, "linux.timeOffsets": {"realtime": {}}},
        TIME,
    ),
    Case(
        "time.nanosecs",
        ERROR,
        'linux.timeOffsets["monotonic"].nanosecs',
        {**TIME, "linux.timeOffsets": {"monotonic": {"nanosecs": 10**9}}},
        {**TIME, "linux.timeOffsets": {"monotonic": {"nanosecs": 10**9 - 1}}},
    ),
    Case(
        "paths.namespace",
        ERROR,
        "linux.maskedPaths",
        {"linux.namespaces": [{"type": "pid"}], "linux.readonlyPaths": []},
        {"linux.namespaces": [{"type": "pid"}], "linux.maskedPaths": [], "linux.readonlyPaths": []},
    ),
    Case(
        "paths.absolute",
        WARNING,
        "linux.readonlyPaths[0]",
        {"linux.readonlyPaths": ["proc/sys"]},
        {"linux.readonlyPaths": ["/proc/sys"]},
    ),
    Case(
        "sysctl.known", ERROR, 'linux.sysctl["vm.swappiness"]', {"linux.sysctl": {"vm.swappiness": "1"}}, {}
    ),
    Case("sysctl.known", ERROR, 'linux.sysctl["net.."]', {"linux.sysctl": {"net..": "1"}}, {}),
    Case(
        "sysctl.known",
        ERROR,
        'linux.sysctl["net/../vm/swappiness"]',
        {"linux.sysctl": {"net/../vm/swappiness": "1"}},
        {},
    ),
    Case(
        "sysctl.namespace",
        ERROR,
        'linux.sysctl["kernel.shmmax"]',
        {"linux.sysctl": {"kernel.shmmax": "1"}, "linux.namespaces": [{"type": "mount"}]},
        {"linux.sysctl": {"kernel.shmmax": "1", "net/ipv4/ip_forward": "0", "fs.mqueue.msg_max": "20"}},
    ),
    Case(
        "sysctl.hostname",
        ERROR,
        'linux.sysctl["kernel.hostname"]',
        {"linux.sysctl": {"kernel.hostname": "x"}},
        {"linux.sysctl": {"kernel.domainname": "x"}},
    ),
)

LINUX = (
    Case("devices.path", WARNING, "linux.devices[0].path", _device(path="dev/x"), _device()),
    Case(
        "devices.path.unique",
        WARNING,
        "linux.devices[1].path",
        {**_device(), "linux.devices[+]": {"path": "/dev/one", "type": "c", "major": 1, "minor": 5}},
        {**_device(), "linux.devices[+]": {"path": "/dev/two", "type": "c", "major": 1, "minor": 5}},
    ),
    Case(
        "devices.number.unique",
        WARNING,
        "linux.devices[1]",
        {**_device(), "linux.devices[+]": {"path": "/dev/two", "type": "u", "major": 1, "minor": 3}},
        {**_device(), "linux.devices[+]": {"path": "/dev/two", "type": "b", "major": 1, "minor": 3}},
    ),
    Case(
        "devices.number",
        WARNING,
        "linux.devices[0].minor",
        _device(minor=ABSENT),
        _device(type="p", minor=ABSENT),
    ),
    Case("devices.number.range", ERROR, "linux.devices[0].major", _device(major=-1), _device(major=4095)),
    Case(
        "devices.number.range",
        ERROR,
        "linux.devices[0].minor",
        _device(minor=2**20),
        _device(minor=2**20 - 1),
        peer="it makes a node of another number",
    ),
    Case(
        "net-devices.namespace",
        ERROR,
        "linux.netDevices",
        {"linux.netDevices": {"eth0": {}}, "linux.namespaces[1]": {"type": "cgroup"}},
        {"linux.netDevices": {"eth0": {}}},
        peer=NEWER,
    ),
    Case(
        "net-devices.name",
        ERROR,
        'linux.netDevices["eth 0"]',
        {"linux.netDevices": {"eth 0": {}}},
        {"linux.netDevices": {"eth0": {"name": "a23456789012345"}}},
        peer=NEWER,
    ),
    Case(
        "net-devices.name",
        ERROR,
        'linux.netDevices["eth0"].name',
        {"linux.netDevices": {"eth0": {"name": "a234567890123456"}}},
        {"linux.netDevices": {"eth0": {"name": "eth%d"}, "eth1": {"name": "eth%d"}}},
        peer=NEWER,
    ),
    Case(
        "net-devices.unique",
        ERROR,
        'linux.netDevices["eth1"].name',
        {"linux.netDevices": {"eth0": {}, "eth1": {"name": "eth0"}}},
        {"linux.netDevices": {"eth0": {}, "eth1": {"name": "eth2"}}},
        peer=NEWER,
    ),
    Case(
        "intel-rdt.clos",
        ERROR,
        "linux.intelRdt.closID",
        {"linux.intelRdt": {"closID": "a/.."}},
        {"linux.intelRdt": {"closID": "/"}},
    ),
    Case(
        "intel-rdt.schema",
        ERROR,
        "linux.intelRdt.memBwSchema",
        {"linux.intelRdt": {"memBwSchema": "L3:"}},
        {"linux.intelRdt": {"memBwSchema": "MB:0=20"}},
    ),
    Case(
        "intel-rdt.l3",
        WARNING,
        "linux.intelRdt.l3CacheSchema",
        {"linux.intelRdt": {"l3CacheSchema": "MB:"}},
        {"linux.intelRdt": {"l3CacheSchema": "L3:0=f"}},
        host="there is no resctrl",
    ),
    Case(
        "intel-rdt.lines",
        ERROR,
        "linux.intelRdt.schemata[0]",
        {"linux.intelRdt": {"schemata": ["L3:0=f\nMB:0=9"]}},
        {"linux.intelRdt": {"schemata": ["L3:0=f"]}},
        peer=NEWER,
    ),
    Case(
        "memory-policy.list",
        ERROR,
        "linux.memoryPolicy.nodes",
        {"linux.memoryPolicy": {"mode": "MPOL_BIND", "nodes": "x"}},
        {"linux.memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0-1"}},
        peer=NEWER,
    ),
    Case(
        "memory-policy.nodes",
        ERROR,
        "linux.memoryPolicy.nodes",
        {"linux.memoryPolicy": {"mode": "MPOL_DEFAULT", "nodes": "0"}},
        {"linux.memoryPolicy": {"mode": "MPOL_PREFERRED"}},
        peer=NEWER,
    ),
    Case(
        "memory-policy.nodes",
        ERROR,
        "linux.memoryPolicy.nodes",
        {"linux.memoryPolicy": {"mode": "MPOL_INTERLEAVE"}},
        {"linux.memoryPolicy": {"mode": "MPOL_INTERLEAVE", "nodes": "0"}},
        peer=NEWER,
    ),
    Case(
        "personality.flags",
        WARNING,
        "linux.personality.flags",
        {"linux.personality": {"domain": "LINUX", "flags": ["X"]}},
        {"linux.personality": {"domain": "LINUX32"}},
    ),
)

RESOURCES = (
    Case(
        "device-rules.access",
        ERROR,
        "linux.resources.devices[12].access",
        _rule(access=""),
        _rule(access="r"),
    ),
    Case(
        "device-rules.letters",
        WARNING,
        "linux.resources.devices[12].access",
        _rule(access="x"),
        _rule(access="mwr"),
    ),
    Case(
        "device-rules.number",
        ERROR,
        "linux.resources.devices[12].major",
        _rule(access="r", major=-2),
        _rule(access="r", major=-1),
    ),
    Case(
        "memory.size",
        ERROR,
        "linux.resources.memory.limit",
        {"linux.resources.memory": {"limit": -2}},
        {"linux.resources.memory": {"limit": -1}},
    ),
    Case(
        "memory.swap",
        ERROR,
        "linux.resources.memory.swap",
        {"linux.resources.memory": {"limit": 2**30, "swap": 2**29}},
        {"linux.resources.memory": {"limit": 2**30, "swap": 2**30}},
    ),
    Case(
        "memory.swap.alone",
        ERROR,
        "linux.resources.memory.swap",
        {"linux.resources.memory": {"swap": 2**30}},
        {"linux.resources.memory": {"limit": -1, "swap": -1}},
    ),
    Case(
        "memory.swappiness",
        ERROR,
        "linux.resources.memory.swappiness",
        {"linux.resources.memory": {"swappiness": 101}},
        {"linux.resources.memory": {"swappiness": 100}},
    ),
    Case(
        "cpu.burst",
        ERROR,
        "linux.resources.cpu.burst",
        {"linux.resources.cpu": {"quota": 10000, "burst": 10001}},
        {"linux.resources.cpu": {"quota": -1, "burst": 10001}},
        peer=NEWER,
    ),
    Case(
        "cpu.quota",
        ERROR,
        "linux.resources.cpu.quota",
        {"linux.resources.cpu": {"quota": 999}},
        {"linux.resources.cpu": {"quota": 1000}},
    ),
    Case(
        "cpu.period",
        ERROR,
        "linux.resources.cpu.period",
        {"linux.resources.cpu": {"period": 999}},
        {"linux.resources.cpu": {"period": 1000}},
    ),
    Case(
        "cpu.list",
        ERROR,
        "linux.resources.cpu.cpus",
        {"linux.resources.cpu": {"cpus": "0,x"}},
        {"linux.resources.cpu": {"cpus": "0-1:1/2, 0\n"}},
    ),
    Case(
        "cpu.list",
        ERROR,
        "linux.resources.cpu.mems",
        {"linux.resources.cpu": {"mems": "2-1"}},
        {"linux.resources.cpu": {"mems": "0"}},
    ),
    Case(
        "cpu.idle",
        ERROR,
        "linux.resources.cpu.idle",
        {"linux.resources.cpu": {"idle": 2}},
        {"linux.resources.cpu": {"idle": 1}},
        peer=NEWER,
    ),
    Case(
        "block-io.device",
        WARNING,
        "linux.resources.blockIO.weightDevice[0]",
        {"linux.resources.blockIO": {"weightDevice": [{"major": 7, "minor": 0}]}},
        {"linux.resources.blockIO": {"weightDevice": [{"major": 7, "minor": 0, "weight": 10}]}},
    ),
    Case(
        "block-io.weight",
        WARNING,
        "linux.resources.blockIO.weight",
        {"linux.resources.blockIO": {"weight": 9}},
        {"linux.resources.blockIO": {"weight": 10}},
    ),
    Case(
        "huge-pages.size",
        ERROR,
        "linux.resources.hugepageLimits[0].pageSize",
        {"linux.resources.hugepageLimits": [{"pageSize": "../2MB", "limit": 0}]},
        {"linux.resources.hugepageLimits": [{"pageSize": "2MB", "limit": 0}]},
    ),
    Case(
        "huge-pages.unique",
        WARNING,
        "linux.resources.hugepageLimits[1].pageSize",
        {
            "linux.resources.hugepageLimits": [
                {"pageSize": "2MB", "limit": 0},
                {"pageSize": "2MB", "limit": 1},
            ]
        },
        {
            "linux.resources.hugepageLimits": [
                {"pageSize": "2MB", "limit": 0},
                {"pageSize": "1GB", "limit": 1},
            ]
        },
        host="there is no hugetlb controller",
    ),
    Case(
        "rdma.limits",
        WARNING,
        'linux.resources.rdma["mlx5_1"]',
        {"linux.resources.rdma": {"mlx5_1": {}}},
        {"linux.resources.rdma": {"mlx5_1": {"hcaHandles": 0}}},
        host="there is no rdma controller",
    ),
    Case(
        "unified.name",
        ERROR,
        'linux.resources.unified["../cgroup.procs"]',
        {"linux.resources.unified": {"../cgroup.procs": "1"}},
        {"linux.resources.unified": {"memory.max": "1G"}},
    ),
)

SECCOMP_RULES = (
    Case(
        "seccomp.notify.default",
        ERROR,
        "linux.seccomp.defaultAction",
        _seccomp(defaultAction="SCMP_ACT_NOTIFY", listenerPath="/x"),
        SECCOMP,
    ),
    Case(
        "seccomp.default",
        ERROR,
        "linux.seccomp.defaultAction",
        _seccomp(defaultAction="", syscalls=[{"names": ["getcwd"], "action": "SCMP_ACT_LOG"}]),
        _seccomp(defaultAction="", syscalls=[]),
    ),
    Case(
        "seccomp.errno",
        WARNING,
        "linux.seccomp.defaultErrnoRet",
        _seccomp(defaultErrnoRet=1),
        _seccomp(defaultAction="SCMP_ACT_ERRNO", defaultErrnoRet=1),
    ),
    Case(
        "seccomp.errno",
        WARNING,
        "linux.seccomp.syscalls[0].errnoRet",
        _syscalls(action="SCMP_ACT_LOG", errnoRet=1),
        _syscalls(errnoRet=1),
    ),
    Case(
        "seccomp.names",
        WARNING,
        "linux.seccomp.syscalls[0].names",
        _syscalls(names=[]),
        _syscalls(names=["no_such_call"]),
    ),
    Case(
        "seccomp.argument",
        ERROR,
        "linux.seccomp.syscalls[0].args[0].index",
        _syscalls(args=[{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}]),
        _syscalls(args=[{"index": 5, "value": 0, "op": "SCMP_CMP_EQ"}]),
    ),
    Case(
        "seccomp.metadata",
        WARNING,
        "linux.seccomp.listenerMetadata",
        _seccomp(listenerMetadata="x"),
        _seccomp(listenerMetadata="x", listenerPath="/x"),
    ),
    Case(
        "seccomp.listener",
        ERROR,
        "linux.seccomp.listenerPath",
        _syscalls(action="SCMP_ACT_NOTIFY"),
        _seccomp(listenerPath="/x", syscalls=[{"names": ["getcwd"], "action": "SCMP_ACT_NOTIFY"}]),
    ),
    Case(
        "seccomp.notify.write",
        ERROR,
        "linux.seccomp.syscalls[0].names",
        _seccomp(listenerPath="/x", syscalls=[{"names": ["write"], "action": "SCMP_ACT_NOTIFY"}]),
        _seccomp(listenerPath="/x", syscalls=[{"names": ["writev"], "action": "SCMP_ACT_NOTIFY"}]),
    ),
)

CASES = (*STRUCTURE, *DOCUMENT, *PROCESS, *MOUNTS, *NAMESPACES, *LINUX, *RESOURCES, *SECCOMP_RULES)
