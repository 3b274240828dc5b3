# Written by tools/generate_spec_tables.py from the structs of tiffin.spec.runtime: do not edit.
"""The shape of config.json: for each kind of object its members, those required, and the section.

A kind is (what, of what): a scalar, an enumeration, an object by name, or a list or map of a kind.
An object is (members, required, required by the spec but tolerated when missing, section of the spec).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Kind = tuple[int, Any]

STRING_CODE, BOOLEAN_CODE, INTEGER, ENUMERATION, OBJECT, LIST, MAP, ANYTHING = range(8)

STRING: Kind = (STRING_CODE, None)
BOOLEAN: Kind = (BOOLEAN_CODE, None)
ANY: Kind = (ANYTHING, None)
INT32: Kind = (INTEGER, (-2147483648, 2147483647, "int32"))
INT64: Kind = (INTEGER, (-9223372036854775808, 9223372036854775807, "int64"))
UINT16: Kind = (INTEGER, (0, 65535, "uint16"))
UINT32: Kind = (INTEGER, (0, 4294967295, "uint32"))
UINT64: Kind = (INTEGER, (0, 18446744073709551615, "uint64"))
SCHEDULER_POLICY = (
    ENUMERATION,
    (
        "SCHED_OTHER",
        "SCHED_FIFO",
        "SCHED_RR",
        "SCHED_BATCH",
        "SCHED_ISO",
        "SCHED_IDLE",
        "SCHED_DEADLINE",
    ),
)
SCHEDULER_FLAG = (
    ENUMERATION,
    (
        "SCHED_FLAG_RESET_ON_FORK",
        "SCHED_FLAG_RECLAIM",
        "SCHED_FLAG_DL_OVERRUN",
        "SCHED_FLAG_KEEP_POLICY",
        "SCHED_FLAG_KEEP_PARAMS",
        "SCHED_FLAG_UTIL_CLAMP_MIN",
        "SCHED_FLAG_UTIL_CLAMP_MAX",
    ),
)
IO_PRIORITY_CLASS = (ENUMERATION, ("IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"))
RLIMIT_TYPE = (
    ENUMERATION,
    (
        "RLIMIT_AS",
        "RLIMIT_CORE",
        "RLIMIT_CPU",
        "RLIMIT_DATA",
        "RLIMIT_FSIZE",
        "RLIMIT_LOCKS",
        "RLIMIT_MEMLOCK",
        "RLIMIT_MSGQUEUE",
        "RLIMIT_NICE",
        "RLIMIT_NOFILE",
        "RLIMIT_NPROC",
        "RLIMIT_RSS",
        "RLIMIT_RTPRIO",
        "RLIMIT_RTTIME",
        "RLIMIT_SIGPENDING",
        "RLIMIT_STACK",
    ),
)
DEVICE_RULE_TYPE = (ENUMERATION, ("a", "c", "b", ""))
SECCOMP_ACTION = (
    ENUMERATION,
    (
        "SCMP_ACT_KILL",
        "SCMP_ACT_KILL_PROCESS",
        "SCMP_ACT_KILL_THREAD",
        "SCMP_ACT_TRAP",
        "SCMP_ACT_ERRNO",
        "SCMP_ACT_TRACE",
        "SCMP_ACT_ALLOW",
        "SCMP_ACT_LOG",
        "SCMP_ACT_NOTIFY",
        "",
    ),
)
SECCOMP_OPERATOR = (
    ENUMERATION,
    (
        "SCMP_CMP_NE",
        "SCMP_CMP_LT",
        "SCMP_CMP_LE",
        "SCMP_CMP_EQ",
        "SCMP_CMP_GE",
        "SCMP_CMP_GT",
        "SCMP_CMP_MASKED_EQ",
    ),
)
SECCOMP_FLAG = (
    ENUMERATION,
    (
        "SECCOMP_FILTER_FLAG_TSYNC",
        "SECCOMP_FILTER_FLAG_LOG",
        "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
        "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
    ),
)
SECCOMP_ARCHITECTURE = (
    ENUMERATION,
    (
        "SCMP_ARCH_X86",
        "SCMP_ARCH_X86_64",
        "SCMP_ARCH_X32",
        "SCMP_ARCH_ARM",
        "SCMP_ARCH_AARCH64",
        "SCMP_ARCH_MIPS",
        "SCMP_ARCH_MIPS64",
        "SCMP_ARCH_MIPS64N32",
        "SCMP_ARCH_MIPSEL",
        "SCMP_ARCH_MIPSEL64",
        "SCMP_ARCH_MIPSEL64N32",
        "SCMP_ARCH_PPC",
        "SCMP_ARCH_PPC64",
        "SCMP_ARCH_PPC64LE",
        "SCMP_ARCH_S390",
        "SCMP_ARCH_S390X",
        "SCMP_ARCH_PARISC",
        "SCMP_ARCH_PARISC64",
        "SCMP_ARCH_RISCV64",
        "SCMP_ARCH_LOONGARCH64",
        "SCMP_ARCH_M68K",
        "SCMP_ARCH_SH",
        "SCMP_ARCH_SHEB",
    ),
)
NAMESPACE_TYPE = (ENUMERATION, ("pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"))
DEVICE_TYPE = (ENUMERATION, ("c", "b", "u", "p"))
ROOTFS_PROPAGATION = (
    ENUMERATION,
    (
        "shared",
        "slave",
        "private",
        "unbindable",
        "rshared",
        "rslave",
        "rprivate",
        "runbindable",
        "",
    ),
)
MEMORY_POLICY_MODE = (
    ENUMERATION,
    (
        "MPOL_DEFAULT",
        "MPOL_BIND",
        "MPOL_INTERLEAVE",
        "MPOL_WEIGHTED_INTERLEAVE",
        "MPOL_PREFERRED",
        "MPOL_PREFERRED_MANY",
        "MPOL_LOCAL",
    ),
)
MEMORY_POLICY_FLAG = (ENUMERATION, ("MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"))
PERSONALITY_DOMAIN = (ENUMERATION, ("LINUX", "LINUX32"))
ZOS_NAMESPACE_TYPE = (ENUMERATION, ("pid", "mount", "ipc", "uts"))
FREE_BSD_SHARING = (ENUMERATION, ("disable", "new", "inherit"))

OBJECTS: dict[str, tuple[dict[str, Kind], tuple[str, ...], tuple[str, ...], str]] = {
    "Box": (
        {
            "height": UINT64,
            "width": UINT64,
        },
        (),
        ("height", "width"),
        "config.md: Process",
    ),
    "User": (
        {
            "uid": UINT32,
            "gid": UINT32,
            "umask": UINT32,
            "additionalGids": (LIST, UINT32),
            "username": STRING,
        },
        (),
        ("uid", "gid"),
        "config.md: POSIX-platform User",
    ),
    "Capabilities": (
        {
            "bounding": (LIST, STRING),
            "effective": (LIST, STRING),
            "inheritable": (LIST, STRING),
            "permitted": (LIST, STRING),
            "ambient": (LIST, STRING),
        },
        (),
        (),
        "config.md: Linux Process",
    ),
    "Rlimit": (
        {
            "type": RLIMIT_TYPE,
            "hard": UINT64,
            "soft": UINT64,
        },
        ("type",),
        ("hard", "soft"),
        "config.md: POSIX process",
    ),
    "Scheduler": (
        {
            "policy": SCHEDULER_POLICY,
            "nice": INT32,
            "priority": INT32,
            "flags": (LIST, SCHEDULER_FLAG),
            "runtime": UINT64,
            "deadline": UINT64,
            "period": UINT64,
        },
        ("policy",),
        (),
        "config.md: Linux Process",
    ),
    "IOPriority": (
        {
            "class": IO_PRIORITY_CLASS,
            "priority": INT64,
        },
        ("class",),
        ("priority",),
        "config.md: Linux Process",
    ),
    "CPUAffinity": (
        {
            "initial": STRING,
            "final": STRING,
        },
        (),
        (),
        "config.md: Linux Process",
    ),
    "Process": (
        {
            "terminal": BOOLEAN,
            "consoleSize": (OBJECT, "Box"),
            "user": (OBJECT, "User"),
            "args": (LIST, STRING),
            "commandLine": STRING,
            "env": (LIST, STRING),
            "cwd": STRING,
            "capabilities": (OBJECT, "Capabilities"),
            "rlimits": (LIST, (OBJECT, "Rlimit")),
            "noNewPrivileges": BOOLEAN,
            "apparmorProfile": STRING,
            "oomScoreAdj": INT64,
            "scheduler": (OBJECT, "Scheduler"),
            "selinuxLabel": STRING,
            "ioPriority": (OBJECT, "IOPriority"),
            "execCPUAffinity": (OBJECT, "CPUAffinity"),
        },
        ("cwd",),
        ("user",),
        "config.md: Process",
    ),
    "Root": (
        {
            "path": STRING,
            "readonly": BOOLEAN,
        },
        ("path",),
        (),
        "config.md: Root",
    ),
    "IDMapping": (
        {
            "containerID": UINT32,
            "hostID": UINT32,
            "size": UINT32,
        },
        (),
        ("containerID", "hostID", "size"),
        "config-linux.md: User namespace mappings",
    ),
    "Mount": (
        {
            "destination": STRING,
            "type": STRING,
            "source": STRING,
            "options": (LIST, STRING),
            "uidMappings": (LIST, (OBJECT, "IDMapping")),
            "gidMappings": (LIST, (OBJECT, "IDMapping")),
        },
        ("destination",),
        (),
        "config.md: Mounts",
    ),
    "Hook": (
        {
            "path": STRING,
            "args": (LIST, STRING),
            "env": (LIST, STRING),
            "timeout": INT64,
        },
        ("path",),
        (),
        "config.md: POSIX-platform Hooks",
    ),
    "Hooks": (
        {
            "prestart": (LIST, (OBJECT, "Hook")),
            "createRuntime": (LIST, (OBJECT, "Hook")),
            "createContainer": (LIST, (OBJECT, "Hook")),
            "startContainer": (LIST, (OBJECT, "Hook")),
            "poststart": (LIST, (OBJECT, "Hook")),
            "poststop": (LIST, (OBJECT, "Hook")),
        },
        (),
        (),
        "config.md: POSIX-platform Hooks",
    ),
    "DeviceRule": (
        {
            "allow": BOOLEAN,
            "type": DEVICE_RULE_TYPE,
            "major": INT64,
            "minor": INT64,
            "access": STRING,
        },
        (),
        ("allow",),
        "config-linux.md: Allowed Device list",
    ),
    "Memory": (
        {
            "limit": INT64,
            "reservation": INT64,
            "swap": INT64,
            "kernel": INT64,
            "kernelTCP": INT64,
            "swappiness": UINT64,
            "disableOOMKiller": BOOLEAN,
            "useHierarchy": BOOLEAN,
            "checkBeforeUpdate": BOOLEAN,
        },
        (),
        (),
        "config-linux.md: Memory",
    ),
    "CPU": (
        {
            "shares": UINT64,
            "quota": INT64,
            "burst": UINT64,
            "period": UINT64,
            "realtimeRuntime": INT64,
            "realtimePeriod": UINT64,
            "cpus": STRING,
            "mems": STRING,
            "idle": INT64,
        },
        (),
        (),
        "config-linux.md: CPU",
    ),
    "Pids": (
        {
            "limit": INT64,
        },
        (),
        (),
        "config-linux.md: PIDs",
    ),
    "WeightDevice": (
        {
            "major": INT64,
            "minor": INT64,
            "weight": UINT16,
            "leafWeight": UINT16,
        },
        (),
        ("major", "minor"),
        "config-linux.md: Block IO",
    ),
    "ThrottleDevice": (
        {
            "major": INT64,
            "minor": INT64,
            "rate": UINT64,
        },
        (),
        ("major", "minor", "rate"),
        "config-linux.md: Block IO",
    ),
    "BlockIO": (
        {
            "weight": UINT16,
            "leafWeight": UINT16,
            "weightDevice": (LIST, (OBJECT, "WeightDevice")),
            "throttleReadBpsDevice": (LIST, (OBJECT, "ThrottleDevice")),
            "throttleWriteBpsDevice": (LIST, (OBJECT, "ThrottleDevice")),
            "throttleReadIOPSDevice": (LIST, (OBJECT, "ThrottleDevice")),
            "throttleWriteIOPSDevice": (LIST, (OBJECT, "ThrottleDevice")),
        },
        (),
        (),
        "config-linux.md: Block IO",
    ),
    "HugepageLimit": (
        {
            "pageSize": STRING,
            "limit": UINT64,
        },
        ("pageSize",),
        ("limit",),
        "config-linux.md: Huge page limits",
    ),
    "InterfacePriority": (
        {
            "name": STRING,
            "priority": UINT32,
        },
        ("name",),
        ("priority",),
        "config-linux.md: Network",
    ),
    "Network": (
        {
            "classID": UINT32,
            "priorities": (LIST, (OBJECT, "InterfacePriority")),
        },
        (),
        (),
        "config-linux.md: Network",
    ),
    "Rdma": (
        {
            "hcaHandles": UINT32,
            "hcaObjects": UINT32,
        },
        (),
        (),
        "config-linux.md: RDMA",
    ),
    "Resources": (
        {
            "devices": (LIST, (OBJECT, "DeviceRule")),
            "memory": (OBJECT, "Memory"),
            "cpu": (OBJECT, "CPU"),
            "pids": (OBJECT, "Pids"),
            "blockIO": (OBJECT, "BlockIO"),
            "hugepageLimits": (LIST, (OBJECT, "HugepageLimit")),
            "network": (OBJECT, "Network"),
            "rdma": (MAP, (OBJECT, "Rdma")),
            "unified": (MAP, STRING),
        },
        (),
        (),
        "config-linux.md: Control groups",
    ),
    "Namespace": (
        {
            "type": NAMESPACE_TYPE,
            "path": STRING,
        },
        ("type",),
        (),
        "config-linux.md: Namespaces",
    ),
    "Device": (
        {
            "path": STRING,
            "type": DEVICE_TYPE,
            "major": INT64,
            "minor": INT64,
            "fileMode": UINT32,
            "uid": UINT32,
            "gid": UINT32,
        },
        ("path", "type"),
        (),
        "config-linux.md: Devices",
    ),
    "NetDevice": (
        {
            "name": STRING,
        },
        (),
        (),
        "config-linux.md: Network Devices",
    ),
    "SeccompArgument": (
        {
            "index": UINT64,
            "value": UINT64,
            "valueTwo": UINT64,
            "op": SECCOMP_OPERATOR,
        },
        ("op",),
        ("index", "value"),
        "config-linux.md: Seccomp",
    ),
    "SeccompSyscall": (
        {
            "names": (LIST, STRING),
            "action": SECCOMP_ACTION,
            "errnoRet": UINT64,
            "args": (LIST, (OBJECT, "SeccompArgument")),
        },
        ("names", "action"),
        (),
        "config-linux.md: Seccomp",
    ),
    "Seccomp": (
        {
            "defaultAction": SECCOMP_ACTION,
            "defaultErrnoRet": UINT64,
            "architectures": (LIST, SECCOMP_ARCHITECTURE),
            "flags": (LIST, SECCOMP_FLAG),
            "listenerPath": STRING,
            "listenerMetadata": STRING,
            "syscalls": (LIST, (OBJECT, "SeccompSyscall")),
        },
        (),
        ("defaultAction",),
        "config-linux.md: Seccomp",
    ),
    "IntelRdt": (
        {
            "closID": STRING,
            "schemata": (LIST, STRING),
            "l3CacheSchema": STRING,
            "memBwSchema": STRING,
            "enableMonitoring": BOOLEAN,
            "enableCMT": BOOLEAN,
            "enableMBM": BOOLEAN,
        },
        (),
        (),
        "config-linux.md: IntelRdt",
    ),
    "MemoryPolicy": (
        {
            "mode": MEMORY_POLICY_MODE,
            "nodes": STRING,
            "flags": (LIST, MEMORY_POLICY_FLAG),
        },
        ("mode",),
        (),
        "config-linux.md: Memory policy",
    ),
    "Personality": (
        {
            "domain": PERSONALITY_DOMAIN,
            "flags": (LIST, STRING),
        },
        ("domain",),
        (),
        "config-linux.md: Personality",
    ),
    "TimeOffset": (
        {
            "secs": INT64,
            "nanosecs": UINT32,
        },
        (),
        (),
        "config-linux.md: Offset for Time Namespace",
    ),
    "Linux": (
        {
            "uidMappings": (LIST, (OBJECT, "IDMapping")),
            "gidMappings": (LIST, (OBJECT, "IDMapping")),
            "sysctl": (MAP, STRING),
            "resources": (OBJECT, "Resources"),
            "cgroupsPath": STRING,
            "namespaces": (LIST, (OBJECT, "Namespace")),
            "devices": (LIST, (OBJECT, "Device")),
            "netDevices": (MAP, (OBJECT, "NetDevice")),
            "seccomp": (OBJECT, "Seccomp"),
            "rootfsPropagation": ROOTFS_PROPAGATION,
            "maskedPaths": (LIST, STRING),
            "readonlyPaths": (LIST, STRING),
            "mountLabel": STRING,
            "intelRdt": (OBJECT, "IntelRdt"),
            "memoryPolicy": (OBJECT, "MemoryPolicy"),
            "personality": (OBJECT, "Personality"),
            "timeOffsets": (MAP, (OBJECT, "TimeOffset")),
        },
        (),
        (),
        "config-linux.md: Linux Container Configuration",
    ),
    "SolarisAnet": (
        {
            "linkname": STRING,
            "lowerLink": STRING,
            "allowedAddress": STRING,
            "configureAllowedAddress": STRING,
            "defrouter": STRING,
            "linkProtection": STRING,
            "macAddress": STRING,
        },
        (),
        (),
        "config-solaris.md: Network",
    ),
    "SolarisCappedCPU": (
        {
            "ncpus": STRING,
        },
        (),
        (),
        "config-solaris.md: CappedCPU",
    ),
    "SolarisCappedMemory": (
        {
            "physical": STRING,
            "swap": STRING,
        },
        (),
        (),
        "config-solaris.md: CappedMemory",
    ),
    "Solaris": (
        {
            "milestone": STRING,
            "limitpriv": STRING,
            "maxShmMemory": STRING,
            "anet": (LIST, (OBJECT, "SolarisAnet")),
            "cappedCPU": (OBJECT, "SolarisCappedCPU"),
            "cappedMemory": (OBJECT, "SolarisCappedMemory"),
        },
        (),
        (),
        "config-solaris.md: Solaris Application Container Configuration",
    ),
    "WindowsDevice": (
        {
            "id": STRING,
            "idType": STRING,
        },
        ("id", "idType"),
        (),
        "config-windows.md: Devices",
    ),
    "WindowsMemory": (
        {
            "limit": UINT64,
        },
        (),
        (),
        "config-windows.md: Memory",
    ),
    "WindowsCPUGroupAffinity": (
        {
            "mask": UINT64,
            "group": UINT32,
        },
        (),
        (),
        "config-windows.md: CPU",
    ),
    "WindowsCPU": (
        {
            "count": UINT64,
            "shares": UINT16,
            "maximum": UINT16,
            "affinity": (LIST, (OBJECT, "WindowsCPUGroupAffinity")),
        },
        (),
        (),
        "config-windows.md: CPU",
    ),
    "WindowsStorage": (
        {
            "iops": UINT64,
            "bps": UINT64,
            "sandboxSize": UINT64,
        },
        (),
        (),
        "config-windows.md: Storage",
    ),
    "WindowsResources": (
        {
            "memory": (OBJECT, "WindowsMemory"),
            "cpu": (OBJECT, "WindowsCPU"),
            "storage": (OBJECT, "WindowsStorage"),
        },
        (),
        (),
        "config-windows.md: Resources",
    ),
    "WindowsHyperV": (
        {
            "utilityVMPath": STRING,
        },
        (),
        (),
        "config-windows.md: HyperV",
    ),
    "WindowsNetwork": (
        {
            "endpointList": (LIST, STRING),
            "allowUnqualifiedDNSQuery": BOOLEAN,
            "DNSSearchList": (LIST, STRING),
            "networkSharedContainerName": STRING,
            "networkNamespace": STRING,
        },
        (),
        (),
        "config-windows.md: Network",
    ),
    "Windows": (
        {
            "layerFolders": (LIST, STRING),
            "devices": (LIST, (OBJECT, "WindowsDevice")),
            "resources": (OBJECT, "WindowsResources"),
            "credentialSpec": ANY,
            "servicing": BOOLEAN,
            "ignoreFlushesDuringBoot": BOOLEAN,
            "hyperv": (OBJECT, "WindowsHyperV"),
            "network": (OBJECT, "WindowsNetwork"),
        },
        ("layerFolders",),
        (),
        "config-windows.md: Windows-specific Container Configuration",
    ),
    "VMHypervisor": (
        {
            "path": STRING,
            "parameters": (LIST, STRING),
        },
        ("path",),
        (),
        "config-vm.md: Hypervisor Configuration",
    ),
    "VMKernel": (
        {
            "path": STRING,
            "parameters": (LIST, STRING),
            "initrd": STRING,
        },
        ("path",),
        (),
        "config-vm.md: Kernel Configuration",
    ),
    "VMImage": (
        {
            "path": STRING,
            "format": STRING,
        },
        ("path", "format"),
        (),
        "config-vm.md: Image Configuration",
    ),
    "IOMems": (
        {
            "firstGFN": UINT64,
            "firstMFN": UINT64,
            "nrMFNs": UINT64,
        },
        (),
        ("firstMFN", "nrMFNs"),
        "config-vm.md: IO Memory",
    ),
    "HWConfig": (
        {
            "deviceTree": STRING,
            "vcpus": UINT32,
            "memory": UINT64,
            "dtdevs": (LIST, STRING),
            "iomems": (LIST, (OBJECT, "IOMems")),
            "irqs": (LIST, UINT32),
        },
        (),
        (),
        "config-vm.md: Hardware Configuration",
    ),
    "VM": (
        {
            "hypervisor": (OBJECT, "VMHypervisor"),
            "kernel": (OBJECT, "VMKernel"),
            "image": (OBJECT, "VMImage"),
            "hwconfig": (OBJECT, "HWConfig"),
        },
        ("kernel",),
        (),
        "config-vm.md: Virtual-machine-specific Container Configuration",
    ),
    "ZosNamespace": (
        {
            "type": ZOS_NAMESPACE_TYPE,
            "path": STRING,
        },
        ("type",),
        (),
        "config-zos.md: Namespaces",
    ),
    "Zos": (
        {
            "namespaces": (LIST, (OBJECT, "ZosNamespace")),
        },
        (),
        (),
        "config-zos.md: z/OS Container Configuration",
    ),
    "FreeBSDDevice": (
        {
            "path": STRING,
            "mode": UINT32,
        },
        ("path",),
        (),
        "config-freebsd.md: Devices",
    ),
    "FreeBSDJailAllow": (
        {
            "setHostname": BOOLEAN,
            "rawSockets": BOOLEAN,
            "chflags": BOOLEAN,
            "mount": (LIST, STRING),
            "quotas": BOOLEAN,
            "socketAf": BOOLEAN,
            "mlock": BOOLEAN,
            "reservedPorts": BOOLEAN,
            "suser": BOOLEAN,
        },
        (),
        (),
        "config-freebsd.md: Jail",
    ),
    "FreeBSDJail": (
        {
            "parent": STRING,
            "host": FREE_BSD_SHARING,
            "ip4": FREE_BSD_SHARING,
            "ip4Addr": (LIST, STRING),
            "ip6": FREE_BSD_SHARING,
            "ip6Addr": (LIST, STRING),
            "vnet": FREE_BSD_SHARING,
            "interface": STRING,
            "vnetInterfaces": (LIST, STRING),
            "sysvmsg": FREE_BSD_SHARING,
            "sysvsem": FREE_BSD_SHARING,
            "sysvshm": FREE_BSD_SHARING,
            "enforceStatfs": INT64,
            "allow": (OBJECT, "FreeBSDJailAllow"),
        },
        (),
        (),
        "config-freebsd.md: Jail",
    ),
    "FreeBSD": (
        {
            "devices": (LIST, (OBJECT, "FreeBSDDevice")),
            "jail": (OBJECT, "FreeBSDJail"),
        },
        (),
        (),
        "config-freebsd.md: FreeBSD-specific Container Configuration",
    ),
    "Config": (
        {
            "ociVersion": STRING,
            "process": (OBJECT, "Process"),
            "root": (OBJECT, "Root"),
            "hostname": STRING,
            "domainname": STRING,
            "mounts": (LIST, (OBJECT, "Mount")),
            "hooks": (OBJECT, "Hooks"),
            "annotations": (MAP, STRING),
            "linux": (OBJECT, "Linux"),
            "solaris": (OBJECT, "Solaris"),
            "windows": (OBJECT, "Windows"),
            "vm": (OBJECT, "VM"),
            "zos": (OBJECT, "Zos"),
            "freebsd": (OBJECT, "FreeBSD"),
        },
        (),
        ("ociVersion",),
        "config.md: Configuration",
    ),
}
