"""runtime-spec 1.3, `linux`: namespaces, mappings, devices and the rest of the Linux section."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from tiffin.spec.model import REQUIRED, Int64, Model, Uint32
from tiffin.spec.runtime.resources import Resources
from tiffin.spec.runtime.seccomp import Seccomp

NamespaceType = Literal["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"]
DeviceType = Literal["c", "b", "u", "p"]
RootfsPropagation = Literal[
    "shared", "slave", "private", "unbindable", "rshared", "rslave", "rprivate", "runbindable", ""
]
MemoryPolicyMode = Literal[
    "MPOL_DEFAULT",
    "MPOL_BIND",
    "MPOL_INTERLEAVE",
    "MPOL_WEIGHTED_INTERLEAVE",
    "MPOL_PREFERRED",
    "MPOL_PREFERRED_MANY",
    "MPOL_LOCAL",
]
MemoryPolicyFlag = Literal["MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"]
PersonalityDomain = Literal["LINUX", "LINUX32"]


class Namespace(Model, kw_only=True):
    """A namespace to create, or with `path` one to join."""

    SECTION: ClassVar[str] = "config-linux.md: Namespaces"
    type: NamespaceType
    path: str | None = None


class IDMapping(Model, kw_only=True):
    """A range of `size` user or group ids, from `hostID` outside to `containerID` inside."""

    SECTION: ClassVar[str] = "config-linux.md: User namespace mappings"
    containerID: Annotated[Uint32, REQUIRED] = 0
    hostID: Annotated[Uint32, REQUIRED] = 0
    size: Annotated[Uint32, REQUIRED] = 0


class TimeOffset(Model, kw_only=True):
    """The offset of a clock in a time namespace: seconds, and nanoseconds more."""

    SECTION: ClassVar[str] = "config-linux.md: Offset for Time Namespace"
    secs: Int64 | None = None
    nanosecs: Uint32 | None = None


class Device(Model, kw_only=True):
    """A device node to make in the container; fileMode is a number (438 is 0o666)."""

    SECTION: ClassVar[str] = "config-linux.md: Devices"
    path: str
    type: DeviceType
    major: Int64 | None = None
    minor: Int64 | None = None
    fileMode: Uint32 | None = None
    uid: Uint32 | None = None
    gid: Uint32 | None = None


class NetDevice(Model, kw_only=True):
    """A network device to move into the container; `name` is its name there, the same if absent."""

    SECTION: ClassVar[str] = "config-linux.md: Network Devices"
    name: str | None = None


class IntelRdt(Model, kw_only=True):
    """Cache and memory bandwidth allocation and monitoring through resctrl."""

    SECTION: ClassVar[str] = "config-linux.md: IntelRdt"
    closID: str | None = None
    schemata: list[str] | None = None
    l3CacheSchema: str | None = None
    memBwSchema: str | None = None
    enableMonitoring: bool | None = None
    enableCMT: bool | None = None  # of spec 1.1 to 1.2
    enableMBM: bool | None = None  # of spec 1.1 to 1.2


class MemoryPolicy(Model, kw_only=True):
    """The NUMA policy of set_mempolicy(2)."""

    SECTION: ClassVar[str] = "config-linux.md: Memory policy"
    mode: MemoryPolicyMode
    nodes: str | None = None
    flags: list[MemoryPolicyFlag] | None = None


class Personality(Model, kw_only=True):
    """The execution domain of personality(2)."""

    SECTION: ClassVar[str] = "config-linux.md: Personality"
    domain: PersonalityDomain
    flags: list[str] | None = None


class Linux(Model, kw_only=True):
    """The Linux section of a config."""

    SECTION: ClassVar[str] = "config-linux.md: Linux Container Configuration"
    uidMappings: list[IDMapping] | None = None
    gidMappings: list[IDMapping] | None = None
    sysctl: dict[str, str] | None = None
    resources: Resources | None = None
    cgroupsPath: str | None = None
    namespaces: list[Namespace] | None = None
    devices: list[Device] | None = None
    netDevices: dict[str, NetDevice] | None = None
    seccomp: Seccomp | None = None
    rootfsPropagation: RootfsPropagation | None = None
    maskedPaths: list[str] | None = None
    readonlyPaths: list[str] | None = None
    mountLabel: str | None = None
    intelRdt: IntelRdt | None = None
    memoryPolicy: MemoryPolicy | None = None
    personality: Personality | None = None
    timeOffsets: dict[str, TimeOffset] | None = None
