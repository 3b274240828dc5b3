# Written by tools/generate_spec_tables.py from the structs of tiffin.spec.runtime: do not edit.
"""TypedDicts of the JSON trees of runtime-spec 1.3, for type checkers: import it under TYPE_CHECKING.

A member that is not `Required` may be missing. A `null`, which the specs read as missing, is not in these
types: `tiffin.spec.runtime.validation.drop_nulls` removes them."""

from __future__ import annotations

from typing import Required, TypedDict


class BoxTree(TypedDict, total=False):
    """The size of a console, in characters."""

    height: int
    width: int


class UserTree(TypedDict, total=False):
    """Numeric ids in the container's user namespace."""

    uid: int
    gid: int
    umask: int
    additionalGids: list[int]
    username: str


class CapabilitiesTree(TypedDict, total=False):
    """The five sets of capabilities(7), as names such as CAP_CHOWN."""

    bounding: list[str]
    effective: list[str]
    inheritable: list[str]
    permitted: list[str]
    ambient: list[str]


class RlimitTree(TypedDict, total=False):
    """One resource limit of getrlimit(2)."""

    type: Required[str]
    hard: int
    soft: int


class SchedulerTree(TypedDict, total=False):
    """The attributes of sched_setattr(2); runtime, deadline and period are in nanoseconds."""

    policy: Required[str]
    nice: int
    priority: int
    flags: list[str]
    runtime: int
    deadline: int
    period: int


IOPriorityTree = TypedDict(
    "IOPriorityTree",
    {
        "class": Required[str],
        "priority": int,
    },
    total=False,
)
"""The class and level of ioprio_set(2); 0 is the highest level, 7 the lowest."""


class CPUAffinityTree(TypedDict, total=False):
    """Lists of CPUs such as 0-3,7 for a process that joins the container."""

    initial: str
    final: str


class ProcessTree(TypedDict, total=False):
    """The container process, and also what `exec --process` reads."""

    terminal: bool
    consoleSize: BoxTree
    user: UserTree
    args: list[str]
    commandLine: str
    env: list[str]
    cwd: Required[str]
    capabilities: CapabilitiesTree
    rlimits: list[RlimitTree]
    noNewPrivileges: bool
    apparmorProfile: str
    oomScoreAdj: int
    scheduler: SchedulerTree
    selinuxLabel: str
    ioPriority: IOPriorityTree
    execCPUAffinity: CPUAffinityTree


class RootTree(TypedDict, total=False):
    """The root file system: a path that is absolute or relative to the bundle."""

    path: Required[str]
    readonly: bool


class IDMappingTree(TypedDict, total=False):
    """A range of `size` user or group ids, from `hostID` outside to `containerID` inside."""

    containerID: int
    hostID: int
    size: int


class MountTree(TypedDict, total=False):
    """A mount on top of the root; with idmap or ridmap in `options`, one with mappings of its own."""

    destination: Required[str]
    type: str
    source: str
    options: list[str]
    uidMappings: list[IDMappingTree]
    gidMappings: list[IDMappingTree]


class HookTree(TypedDict, total=False):
    """A program to run at a point in the container's life; `timeout` is in seconds."""

    path: Required[str]
    args: list[str]
    env: list[str]
    timeout: int


class HooksTree(TypedDict, total=False):
    """The six kinds of hooks."""

    prestart: list[HookTree]
    createRuntime: list[HookTree]
    createContainer: list[HookTree]
    startContainer: list[HookTree]
    poststart: list[HookTree]
    poststop: list[HookTree]


class DeviceRuleTree(TypedDict, total=False):
    """Allows or denies devices; no type, major or minor means all of them."""

    allow: bool
    type: str
    major: int
    minor: int
    access: str


class MemoryTree(TypedDict, total=False):
    """Limits in bytes, -1 for unlimited; `swap` is memory and swap together."""

    limit: int
    reservation: int
    swap: int
    kernel: int
    kernelTCP: int
    swappiness: int
    disableOOMKiller: bool
    useHierarchy: bool
    checkBeforeUpdate: bool


class CPUTree(TypedDict, total=False):
    """Shares, bandwidth in microseconds, and the sets of CPUs and memory nodes."""

    shares: int
    quota: int
    burst: int
    period: int
    realtimeRuntime: int
    realtimePeriod: int
    cpus: str
    mems: str
    idle: int


class PidsTree(TypedDict, total=False):
    """The number of tasks; -1 for unlimited."""

    limit: int


class WeightDeviceTree(TypedDict, total=False):
    """Block I/O weight of one device."""

    major: int
    minor: int
    weight: int
    leafWeight: int


class ThrottleDeviceTree(TypedDict, total=False):
    """Block I/O rate of one device, in bytes or operations a second."""

    major: int
    minor: int
    rate: int


class BlockIOTree(TypedDict, total=False):
    """Weights and rates of block devices."""

    weight: int
    leafWeight: int
    weightDevice: list[WeightDeviceTree]
    throttleReadBpsDevice: list[ThrottleDeviceTree]
    throttleWriteBpsDevice: list[ThrottleDeviceTree]
    throttleReadIOPSDevice: list[ThrottleDeviceTree]
    throttleWriteIOPSDevice: list[ThrottleDeviceTree]


class HugepageLimitTree(TypedDict, total=False):
    """A limit in bytes for pages of one size, such as 2MB."""

    pageSize: Required[str]
    limit: int


class InterfacePriorityTree(TypedDict, total=False):
    """The priority of traffic on one interface."""

    name: Required[str]
    priority: int


class NetworkTree(TypedDict, total=False):
    """net_cls and net_prio."""

    classID: int
    priorities: list[InterfacePriorityTree]


class RdmaTree(TypedDict, total=False):
    """Limits of one RDMA device."""

    hcaHandles: int
    hcaObjects: int


class ResourcesTree(TypedDict, total=False):
    """All controllers; `unified` holds files of cgroup v2 with their contents."""

    devices: list[DeviceRuleTree]
    memory: MemoryTree
    cpu: CPUTree
    pids: PidsTree
    blockIO: BlockIOTree
    hugepageLimits: list[HugepageLimitTree]
    network: NetworkTree
    rdma: dict[str, RdmaTree]
    unified: dict[str, str]


class NamespaceTree(TypedDict, total=False):
    """A namespace to create, or with `path` one to join."""

    type: Required[str]
    path: str


class DeviceTree(TypedDict, total=False):
    """A device node to make in the container; fileMode is a number (438 is 0o666)."""

    path: Required[str]
    type: Required[str]
    major: int
    minor: int
    fileMode: int
    uid: int
    gid: int


class NetDeviceTree(TypedDict, total=False):
    """A network device to move into the container; `name` is its name there, the same if absent."""

    name: str


class SeccompArgumentTree(TypedDict, total=False):
    """A condition on argument number `index` (0 to 5) of a system call."""

    index: int
    value: int
    valueTwo: int
    op: Required[str]


class SeccompSyscallTree(TypedDict, total=False):
    """What to do for these system calls, if all of `args` match."""

    names: Required[list[str]]
    action: Required[str]
    errnoRet: int
    args: list[SeccompArgumentTree]


class SeccompTree(TypedDict, total=False):
    """A profile: the action for every system call that no entry of `syscalls` matches, and those entries."""

    defaultAction: str
    defaultErrnoRet: int
    architectures: list[str]
    flags: list[str]
    listenerPath: str
    listenerMetadata: str
    syscalls: list[SeccompSyscallTree]


class IntelRdtTree(TypedDict, total=False):
    """Cache and memory bandwidth allocation and monitoring through resctrl."""

    closID: str
    schemata: list[str]
    l3CacheSchema: str
    memBwSchema: str
    enableMonitoring: bool
    enableCMT: bool
    enableMBM: bool


class MemoryPolicyTree(TypedDict, total=False):
    """The NUMA policy of set_mempolicy(2)."""

    mode: Required[str]
    nodes: str
    flags: list[str]


class PersonalityTree(TypedDict, total=False):
    """The execution domain of personality(2)."""

    domain: Required[str]
    flags: list[str]


class TimeOffsetTree(TypedDict, total=False):
    """The offset of a clock in a time namespace: seconds, and nanoseconds more."""

    secs: int
    nanosecs: int


class LinuxTree(TypedDict, total=False):
    """The Linux section of a config."""

    uidMappings: list[IDMappingTree]
    gidMappings: list[IDMappingTree]
    sysctl: dict[str, str]
    resources: ResourcesTree
    cgroupsPath: str
    namespaces: list[NamespaceTree]
    devices: list[DeviceTree]
    netDevices: dict[str, NetDeviceTree]
    seccomp: SeccompTree
    rootfsPropagation: str
    maskedPaths: list[str]
    readonlyPaths: list[str]
    mountLabel: str
    intelRdt: IntelRdtTree
    memoryPolicy: MemoryPolicyTree
    personality: PersonalityTree
    timeOffsets: dict[str, TimeOffsetTree]


class SolarisAnetTree(TypedDict, total=False):
    """An automatic network of a zone."""

    linkname: str
    lowerLink: str
    allowedAddress: str
    configureAllowedAddress: str
    defrouter: str
    linkProtection: str
    macAddress: str


class SolarisCappedCPUTree(TypedDict, total=False):
    """A cap on CPUs."""

    ncpus: str


class SolarisCappedMemoryTree(TypedDict, total=False):
    """A cap on memory."""

    physical: str
    swap: str


class SolarisTree(TypedDict, total=False):
    """The Solaris section."""

    milestone: str
    limitpriv: str
    maxShmMemory: str
    anet: list[SolarisAnetTree]
    cappedCPU: SolarisCappedCPUTree
    cappedMemory: SolarisCappedMemoryTree


class WindowsDeviceTree(TypedDict, total=False):
    """A device interface class."""

    id: Required[str]
    idType: Required[str]


class WindowsMemoryTree(TypedDict, total=False):
    """Memory in bytes."""

    limit: int


class WindowsCPUGroupAffinityTree(TypedDict, total=False):
    """Processors of one group."""

    mask: int
    group: int


class WindowsCPUTree(TypedDict, total=False):
    """Processors, shares and maximum."""

    count: int
    shares: int
    maximum: int
    affinity: list[WindowsCPUGroupAffinityTree]


class WindowsStorageTree(TypedDict, total=False):
    """Rates and the size of the sandbox."""

    iops: int
    bps: int
    sandboxSize: int


class WindowsResourcesTree(TypedDict, total=False):
    """Resource limits of a Windows container."""

    memory: WindowsMemoryTree
    cpu: WindowsCPUTree
    storage: WindowsStorageTree


class WindowsHyperVTree(TypedDict, total=False):
    """The utility machine of a Hyper-V container."""

    utilityVMPath: str


class WindowsNetworkTree(TypedDict, total=False):
    """The network of a Windows container."""

    endpointList: list[str]
    allowUnqualifiedDNSQuery: bool
    DNSSearchList: list[str]
    networkSharedContainerName: str
    networkNamespace: str


class WindowsTree(TypedDict, total=False):
    """The Windows section."""

    layerFolders: Required[list[str]]
    devices: list[WindowsDeviceTree]
    resources: WindowsResourcesTree
    credentialSpec: object
    servicing: bool
    ignoreFlushesDuringBoot: bool
    hyperv: WindowsHyperVTree
    network: WindowsNetworkTree


class VMHypervisorTree(TypedDict, total=False):
    """The hypervisor's program on the host."""

    path: Required[str]
    parameters: list[str]


class VMKernelTree(TypedDict, total=False):
    """The kernel to boot."""

    path: Required[str]
    parameters: list[str]
    initrd: str


class VMImageTree(TypedDict, total=False):
    """The root image of the machine."""

    path: Required[str]
    format: Required[str]


class IOMemsTree(TypedDict, total=False):
    """Ranges of I/O memory."""

    firstGFN: int
    firstMFN: int
    nrMFNs: int


class HWConfigTree(TypedDict, total=False):
    """The hardware of the machine."""

    deviceTree: str
    vcpus: int
    memory: int
    dtdevs: list[str]
    iomems: list[IOMemsTree]
    irqs: list[int]


class VMTree(TypedDict, total=False):
    """The section of runtimes that put a container in a virtual machine."""

    hypervisor: VMHypervisorTree
    kernel: Required[VMKernelTree]
    image: VMImageTree
    hwconfig: HWConfigTree


class ZosNamespaceTree(TypedDict, total=False):
    """A z/OS namespace."""

    type: Required[str]
    path: str


class ZosTree(TypedDict, total=False):
    """The z/OS section."""

    namespaces: list[ZosNamespaceTree]


class FreeBSDDeviceTree(TypedDict, total=False):
    """A device that is visible, with its permissions."""

    path: Required[str]
    mode: int


class FreeBSDJailAllowTree(TypedDict, total=False):
    """What a jail may do."""

    setHostname: bool
    rawSockets: bool
    chflags: bool
    mount: list[str]
    quotas: bool
    socketAf: bool
    mlock: bool
    reservedPorts: bool
    suser: bool


class FreeBSDJailTree(TypedDict, total=False):
    """The jail's settings."""

    parent: str
    host: str
    ip4: str
    ip4Addr: list[str]
    ip6: str
    ip6Addr: list[str]
    vnet: str
    interface: str
    vnetInterfaces: list[str]
    sysvmsg: str
    sysvsem: str
    sysvshm: str
    enforceStatfs: int
    allow: FreeBSDJailAllowTree


class FreeBSDTree(TypedDict, total=False):
    """The FreeBSD section."""

    devices: list[FreeBSDDeviceTree]
    jail: FreeBSDJailTree


class ConfigTree(TypedDict, total=False):
    """config.json of a bundle."""

    ociVersion: str
    process: ProcessTree
    root: RootTree
    hostname: str
    domainname: str
    mounts: list[MountTree]
    hooks: HooksTree
    annotations: dict[str, str]
    linux: LinuxTree
    solaris: SolarisTree
    windows: WindowsTree
    vm: VMTree
    zos: ZosTree
    freebsd: FreeBSDTree


class StateTree(TypedDict, total=False):
    """The state of a container; `pid` is in the runtime's PID namespace, and absent when there is no process."""

    ociVersion: Required[str]
    id: Required[str]
    status: Required[str]
    pid: int
    bundle: Required[str]
    annotations: dict[str, str]


class ContainerProcessStateTree(TypedDict, total=False):
    """What is sent to a seccomp agent, along with the descriptors that `fds` names in their order."""

    ociVersion: Required[str]
    fds: list[str]
    pid: Required[int]
    metadata: str
    state: Required[StateTree]


class FeaturesCgroupTree(TypedDict, total=False):
    """Kinds of cgroup management that are compiled in."""

    v1: bool
    v2: bool
    systemd: bool
    systemdUser: bool
    rdma: bool


class FeaturesSeccompTree(TypedDict, total=False):
    """What the seccomp part recognises."""

    enabled: bool
    actions: list[str]
    operators: list[str]
    archs: list[str]
    knownFlags: list[str]
    supportedFlags: list[str]


class EnabledTree(TypedDict, total=False):
    """A part that is there or not: AppArmor, SELinux, idmapped mounts, network devices."""

    enabled: bool


class FeaturesIntelRdtTree(TypedDict, total=False):
    """Intel RDT."""

    enabled: bool
    schemata: bool
    monitoring: bool


class FeaturesMemoryPolicyTree(TypedDict, total=False):
    """Memory policies."""

    modes: list[str]
    flags: list[str]


class FeaturesMountExtensionsTree(TypedDict, total=False):
    """Extensions of mounts."""

    idmap: EnabledTree


class FeaturesLinuxTree(TypedDict, total=False):
    """The Linux part."""

    namespaces: list[str]
    capabilities: list[str]
    cgroup: FeaturesCgroupTree
    seccomp: FeaturesSeccompTree
    apparmor: EnabledTree
    selinux: EnabledTree
    intelRdt: FeaturesIntelRdtTree
    memoryPolicy: FeaturesMemoryPolicyTree
    mountExtensions: FeaturesMountExtensionsTree
    netDevices: EnabledTree


class FeaturesTree(TypedDict, total=False):
    """The features structure."""

    ociVersionMin: str
    ociVersionMax: str
    hooks: list[str]
    mountOptions: list[str]
    linux: FeaturesLinuxTree
    annotations: dict[str, str]
    potentiallyUnsafeConfigAnnotations: list[str]
