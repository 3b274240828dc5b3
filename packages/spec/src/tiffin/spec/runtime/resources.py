"""runtime-spec 1.3, `linux.resources`: what the cgroup allows. Also what `update -r` reads."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from tiffin.spec.model import REQUIRED, Int64, Model, Uint16, Uint32, Uint64

DeviceRuleType = Literal["a", "c", "b", ""]


class DeviceRule(Model, kw_only=True):
    """Allows or denies devices; no type, major or minor means all of them."""

    SECTION: ClassVar[str] = "config-linux.md: Allowed Device list"
    allow: Annotated[bool, REQUIRED] = False
    type: DeviceRuleType | None = None
    major: Int64 | None = None
    minor: Int64 | None = None
    access: str | None = None


class Memory(Model, kw_only=True):
    """Limits in bytes, -1 for unlimited; `swap` is memory and swap together."""

    SECTION: ClassVar[str] = "config-linux.md: Memory"
    limit: Int64 | None = None
    reservation: Int64 | None = None
    swap: Int64 | None = None
    kernel: Int64 | None = None
    kernelTCP: Int64 | None = None
    swappiness: Uint64 | None = None
    disableOOMKiller: bool | None = None
    useHierarchy: bool | None = None
    checkBeforeUpdate: bool | None = None


class CPU(Model, kw_only=True):
    """Shares, bandwidth in microseconds, and the sets of CPUs and memory nodes."""

    SECTION: ClassVar[str] = "config-linux.md: CPU"
    shares: Uint64 | None = None
    quota: Int64 | None = None
    burst: Uint64 | None = None
    period: Uint64 | None = None
    realtimeRuntime: Int64 | None = None
    realtimePeriod: Uint64 | None = None
    cpus: str | None = None
    mems: str | None = None
    idle: Int64 | None = None


class Pids(Model, kw_only=True):
    """The number of tasks; -1 for unlimited."""

    SECTION: ClassVar[str] = "config-linux.md: PIDs"
    limit: Int64 | None = None


class WeightDevice(Model, kw_only=True):
    """Block I/O weight of one device."""

    SECTION: ClassVar[str] = "config-linux.md: Block IO"
    major: Annotated[Int64, REQUIRED] = 0
    minor: Annotated[Int64, REQUIRED] = 0
    weight: Uint16 | None = None
    leafWeight: Uint16 | None = None


class ThrottleDevice(Model, kw_only=True):
    """Block I/O rate of one device, in bytes or operations a second."""

    SECTION: ClassVar[str] = "config-linux.md: Block IO"
    major: Annotated[Int64, REQUIRED] = 0
    minor: Annotated[Int64, REQUIRED] = 0
    rate: Annotated[Uint64, REQUIRED] = 0


class BlockIO(Model, kw_only=True):
    """Weights and rates of block devices."""

    SECTION: ClassVar[str] = "config-linux.md: Block IO"
    weight: Uint16 | None = None
    leafWeight: Uint16 | None = None
    weightDevice: list[WeightDevice] | None = None
    throttleReadBpsDevice: list[ThrottleDevice] | None = None
    throttleWriteBpsDevice: list[ThrottleDevice] | None = None
    throttleReadIOPSDevice: list[ThrottleDevice] | None = None
    throttleWriteIOPSDevice: list[ThrottleDevice] | None = None


class HugepageLimit(Model, kw_only=True):
    """A limit in bytes for pages of one size, such as 2MB."""

    SECTION: ClassVar[str] = "config-linux.md: Huge page limits"
    pageSize: str
    limit: Annotated[Uint64, REQUIRED] = 0


class InterfacePriority(Model, kw_only=True):
    """The priority of traffic on one interface."""

    SECTION: ClassVar[str] = "config-linux.md: Network"
    name: str
    priority: Annotated[Uint32, REQUIRED] = 0


class Network(Model, kw_only=True):
    """net_cls and net_prio."""

    SECTION: ClassVar[str] = "config-linux.md: Network"
    classID: Uint32 | None = None
    priorities: list[InterfacePriority] | None = None


class Rdma(Model, kw_only=True):
    """Limits of one RDMA device."""

    SECTION: ClassVar[str] = "config-linux.md: RDMA"
    hcaHandles: Uint32 | None = None
    hcaObjects: Uint32 | None = None


class Resources(Model, kw_only=True):
    """All controllers; `unified` holds files of cgroup v2 with their contents."""

    SECTION: ClassVar[str] = "config-linux.md: Control groups"
    devices: list[DeviceRule] | None = None
    memory: Memory | None = None
    cpu: CPU | None = None
    pids: Pids | None = None
    blockIO: BlockIO | None = None
    hugepageLimits: list[HugepageLimit] | None = None
    network: Network | None = None
    rdma: dict[str, Rdma] | None = None
    unified: dict[str, str] | None = None
