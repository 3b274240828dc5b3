"""runtime-spec 1.3: the sections of platforms other than Linux. Kept without loss; nothing here runs them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from tiffin.spec.model import REQUIRED, Int, Model, Uint16, Uint32, Uint64

ZosNamespaceType = Literal["pid", "mount", "ipc", "uts"]
FreeBSDSharing = Literal["disable", "new", "inherit"]


class SolarisAnet(Model, kw_only=True):
    """An automatic network of a zone."""

    SECTION: ClassVar[str] = "config-solaris.md: Network"
    linkname: str | None = None
    lowerLink: str | None = None
    allowedAddress: str | None = None
    configureAllowedAddress: str | None = None
    defrouter: str | None = None
    linkProtection: str | None = None
    macAddress: str | None = None


class SolarisCappedCPU(Model, kw_only=True):
    """A cap on CPUs."""

    SECTION: ClassVar[str] = "config-solaris.md: CappedCPU"
    ncpus: str | None = None


class SolarisCappedMemory(Model, kw_only=True):
    """A cap on memory."""

    SECTION: ClassVar[str] = "config-solaris.md: CappedMemory"
    physical: str | None = None
    swap: str | None = None


class Solaris(Model, kw_only=True):
    """The Solaris section."""

    SECTION: ClassVar[str] = "config-solaris.md: Solaris Application Container Configuration"
    milestone: str | None = None
    limitpriv: str | None = None
    maxShmMemory: str | None = None
    anet: list[SolarisAnet] | None = None
    cappedCPU: SolarisCappedCPU | None = None
    cappedMemory: SolarisCappedMemory | None = None


class WindowsDevice(Model, kw_only=True):
    """A device interface class."""

    SECTION: ClassVar[str] = "config-windows.md: Devices"
    id: str
    idType: str


class WindowsMemory(Model, kw_only=True):
    """Memory in bytes."""

    SECTION: ClassVar[str] = "config-windows.md: Memory"
    limit: Uint64 | None = None


class WindowsCPUGroupAffinity(Model, kw_only=True):
    """Processors of one group."""

    SECTION: ClassVar[str] = "config-windows.md: CPU"
    mask: Uint64 | None = None
    group: Uint32 | None = None


class WindowsCPU(Model, kw_only=True):
    """Processors, shares and maximum."""

    SECTION: ClassVar[str] = "config-windows.md: CPU"
    count: Uint64 | None = None
    shares: Uint16 | None = None
    maximum: Uint16 | None = None
    affinity: list[WindowsCPUGroupAffinity] | None = None


class WindowsStorage(Model, kw_only=True):
    """Rates and the size of the sandbox."""

    SECTION: ClassVar[str] = "config-windows.md: Storage"
    iops: Uint64 | None = None
    bps: Uint64 | None = None
    sandboxSize: Uint64 | None = None


class WindowsResources(Model, kw_only=True):
    """Resource limits of a Windows container."""

    SECTION: ClassVar[str] = "config-windows.md: Resources"
    memory: WindowsMemory | None = None
    cpu: WindowsCPU | None = None
    storage: WindowsStorage | None = None


class WindowsNetwork(Model, kw_only=True):
    """The network of a Windows container."""

    SECTION: ClassVar[str] = "config-windows.md: Network"
    endpointList: list[str] | None = None
    allowUnqualifiedDNSQuery: bool | None = None
    DNSSearchList: list[str] | None = None
    networkSharedContainerName: str | None = None
    networkNamespace: str | None = None


class WindowsHyperV(Model, kw_only=True):
    """The utility machine of a Hyper-V container."""

    SECTION: ClassVar[str] = "config-windows.md: HyperV"
    utilityVMPath: str | None = None


class Windows(Model, kw_only=True):
    """The Windows section."""

    SECTION: ClassVar[str] = "config-windows.md: Windows-specific Container Configuration"
    layerFolders: list[str]
    devices: list[WindowsDevice] | None = None
    resources: WindowsResources | None = None
    credentialSpec: Any = None
    servicing: bool | None = None
    ignoreFlushesDuringBoot: bool | None = None
    hyperv: WindowsHyperV | None = None
    network: WindowsNetwork | None = None


class VMHypervisor(Model, kw_only=True):
    """The hypervisor's program on the host."""

    SECTION: ClassVar[str] = "config-vm.md: Hypervisor Configuration"
    path: str
    parameters: list[str] | None = None


class VMKernel(Model, kw_only=True):
    """The kernel to boot."""

    SECTION: ClassVar[str] = "config-vm.md: Kernel Configuration"
    path: str
    parameters: list[str] | None = None
    initrd: str | None = None


class VMImage(Model, kw_only=True):
    """The root image of the machine."""

    SECTION: ClassVar[str] = "config-vm.md: Image Configuration"
    path: str
    format: str


class IOMems(Model, kw_only=True):
    """Ranges of I/O memory."""

    SECTION: ClassVar[str] = "config-vm.md: IO Memory"
    firstGFN: Uint64 | None = None
    firstMFN: Annotated[Uint64 | None, REQUIRED] = None
    nrMFNs: Annotated[Uint64 | None, REQUIRED] = None


class HWConfig(Model, kw_only=True):
    """The hardware of the machine."""

    SECTION: ClassVar[str] = "config-vm.md: Hardware Configuration"
    deviceTree: str | None = None
    vcpus: Uint32 | None = None
    memory: Uint64 | None = None
    dtdevs: list[str] | None = None
    iomems: list[IOMems] | None = None
    irqs: list[Uint32] | None = None


class VM(Model, kw_only=True):
    """The section of runtimes that put a container in a virtual machine."""

    SECTION: ClassVar[str] = "config-vm.md: Virtual-machine-specific Container Configuration"
    hypervisor: VMHypervisor | None = None
    kernel: VMKernel
    image: VMImage | None = None
    hwconfig: HWConfig | None = None


class ZosNamespace(Model, kw_only=True):
    """A z/OS namespace."""

    SECTION: ClassVar[str] = "config-zos.md: Namespaces"
    type: ZosNamespaceType
    path: str | None = None


class Zos(Model, kw_only=True):
    """The z/OS section."""

    SECTION: ClassVar[str] = "config-zos.md: z/OS Container Configuration"
    namespaces: list[ZosNamespace] | None = None


class FreeBSDDevice(Model, kw_only=True):
    """A device that is visible, with its permissions."""

    SECTION: ClassVar[str] = "config-freebsd.md: Devices"
    path: str
    mode: Uint32 | None = None


class FreeBSDJailAllow(Model, kw_only=True):
    """What a jail may do."""

    SECTION: ClassVar[str] = "config-freebsd.md: Jail"
    setHostname: bool | None = None
    rawSockets: bool | None = None
    chflags: bool | None = None
    mount: list[str] | None = None
    quotas: bool | None = None
    socketAf: bool | None = None
    mlock: bool | None = None
    reservedPorts: bool | None = None
    suser: bool | None = None


class FreeBSDJail(Model, kw_only=True):
    """The jail's settings."""

    SECTION: ClassVar[str] = "config-freebsd.md: Jail"
    parent: str | None = None
    host: FreeBSDSharing | None = None
    ip4: FreeBSDSharing | None = None
    ip4Addr: list[str] | None = None
    ip6: FreeBSDSharing | None = None
    ip6Addr: list[str] | None = None
    vnet: FreeBSDSharing | None = None
    interface: str | None = None
    vnetInterfaces: list[str] | None = None
    sysvmsg: FreeBSDSharing | None = None
    sysvsem: FreeBSDSharing | None = None
    sysvshm: FreeBSDSharing | None = None
    enforceStatfs: Int | None = None
    allow: FreeBSDJailAllow | None = None


class FreeBSD(Model, kw_only=True):
    """The FreeBSD section."""

    SECTION: ClassVar[str] = "config-freebsd.md: FreeBSD-specific Container Configuration"
    devices: list[FreeBSDDevice] | None = None
    jail: FreeBSDJail | None = None
