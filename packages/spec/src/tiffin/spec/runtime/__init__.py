"""runtime-spec 1.3: typed configs, their validation, and the defaults of a container. Loaded on first use.

- `Config` and the structs below it, `State`, `Features`; `decode_config`, `encode_config`.
- `tree`: the same as TypedDicts of the JSON tree, for programs that cannot wait for msgspec. Typing only.
- `validation`, `defaults`, `capabilities`, `seccomp_profile`: cold modules, on trees.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.codec import InvalidConfig as InvalidConfig
    from tiffin.spec.runtime.codec import config_from_tree as config_from_tree
    from tiffin.spec.runtime.codec import decode_config as decode_config
    from tiffin.spec.runtime.codec import encode_config as encode_config
    from tiffin.spec.runtime.config import Config as Config
    from tiffin.spec.runtime.config import Hook as Hook
    from tiffin.spec.runtime.config import Hooks as Hooks
    from tiffin.spec.runtime.config import Mount as Mount
    from tiffin.spec.runtime.config import Root as Root
    from tiffin.spec.runtime.features import Enabled as Enabled
    from tiffin.spec.runtime.features import Features as Features
    from tiffin.spec.runtime.features import FeaturesCgroup as FeaturesCgroup
    from tiffin.spec.runtime.features import FeaturesIntelRdt as FeaturesIntelRdt
    from tiffin.spec.runtime.features import FeaturesLinux as FeaturesLinux
    from tiffin.spec.runtime.features import FeaturesMemoryPolicy as FeaturesMemoryPolicy
    from tiffin.spec.runtime.features import FeaturesMountExtensions as FeaturesMountExtensions
    from tiffin.spec.runtime.features import FeaturesSeccomp as FeaturesSeccomp
    from tiffin.spec.runtime.linux import Device as Device
    from tiffin.spec.runtime.linux import IDMapping as IDMapping
    from tiffin.spec.runtime.linux import IntelRdt as IntelRdt
    from tiffin.spec.runtime.linux import Linux as Linux
    from tiffin.spec.runtime.linux import MemoryPolicy as MemoryPolicy
    from tiffin.spec.runtime.linux import Namespace as Namespace
    from tiffin.spec.runtime.linux import NetDevice as NetDevice
    from tiffin.spec.runtime.linux import Personality as Personality
    from tiffin.spec.runtime.linux import TimeOffset as TimeOffset
    from tiffin.spec.runtime.other_platforms import VM as VM
    from tiffin.spec.runtime.other_platforms import FreeBSD as FreeBSD
    from tiffin.spec.runtime.other_platforms import FreeBSDDevice as FreeBSDDevice
    from tiffin.spec.runtime.other_platforms import FreeBSDJail as FreeBSDJail
    from tiffin.spec.runtime.other_platforms import FreeBSDJailAllow as FreeBSDJailAllow
    from tiffin.spec.runtime.other_platforms import HWConfig as HWConfig
    from tiffin.spec.runtime.other_platforms import IOMems as IOMems
    from tiffin.spec.runtime.other_platforms import Solaris as Solaris
    from tiffin.spec.runtime.other_platforms import SolarisAnet as SolarisAnet
    from tiffin.spec.runtime.other_platforms import SolarisCappedCPU as SolarisCappedCPU
    from tiffin.spec.runtime.other_platforms import SolarisCappedMemory as SolarisCappedMemory
    from tiffin.spec.runtime.other_platforms import VMHypervisor as VMHypervisor
    from tiffin.spec.runtime.other_platforms import VMImage as VMImage
    from tiffin.spec.runtime.other_platforms import VMKernel as VMKernel
    from tiffin.spec.runtime.other_platforms import Windows as Windows
    from tiffin.spec.runtime.other_platforms import WindowsCPU as WindowsCPU
    from tiffin.spec.runtime.other_platforms import WindowsCPUGroupAffinity as WindowsCPUGroupAffinity
    from tiffin.spec.runtime.other_platforms import WindowsDevice as WindowsDevice
    from tiffin.spec.runtime.other_platforms import WindowsHyperV as WindowsHyperV
    from tiffin.spec.runtime.other_platforms import WindowsMemory as WindowsMemory
    from tiffin.spec.runtime.other_platforms import WindowsNetwork as WindowsNetwork
    from tiffin.spec.runtime.other_platforms import WindowsResources as WindowsResources
    from tiffin.spec.runtime.other_platforms import WindowsStorage as WindowsStorage
    from tiffin.spec.runtime.other_platforms import Zos as Zos
    from tiffin.spec.runtime.other_platforms import ZosNamespace as ZosNamespace
    from tiffin.spec.runtime.process import Box as Box
    from tiffin.spec.runtime.process import Capabilities as Capabilities
    from tiffin.spec.runtime.process import CPUAffinity as CPUAffinity
    from tiffin.spec.runtime.process import IOPriority as IOPriority
    from tiffin.spec.runtime.process import Process as Process
    from tiffin.spec.runtime.process import Rlimit as Rlimit
    from tiffin.spec.runtime.process import Scheduler as Scheduler
    from tiffin.spec.runtime.process import User as User
    from tiffin.spec.runtime.resources import CPU as CPU
    from tiffin.spec.runtime.resources import BlockIO as BlockIO
    from tiffin.spec.runtime.resources import DeviceRule as DeviceRule
    from tiffin.spec.runtime.resources import HugepageLimit as HugepageLimit
    from tiffin.spec.runtime.resources import InterfacePriority as InterfacePriority
    from tiffin.spec.runtime.resources import Memory as Memory
    from tiffin.spec.runtime.resources import Network as Network
    from tiffin.spec.runtime.resources import Pids as Pids
    from tiffin.spec.runtime.resources import Rdma as Rdma
    from tiffin.spec.runtime.resources import Resources as Resources
    from tiffin.spec.runtime.resources import ThrottleDevice as ThrottleDevice
    from tiffin.spec.runtime.resources import WeightDevice as WeightDevice
    from tiffin.spec.runtime.seccomp import Seccomp as Seccomp
    from tiffin.spec.runtime.seccomp import SeccompArgument as SeccompArgument
    from tiffin.spec.runtime.seccomp import SeccompSyscall as SeccompSyscall
    from tiffin.spec.runtime.state import ContainerProcessState as ContainerProcessState
    from tiffin.spec.runtime.state import State as State
    from tiffin.spec.runtime.validation import Problem as Problem
    from tiffin.spec.runtime.validation import validate as validate
    from tiffin.spec.runtime.validation import validate_process as validate_process
    from tiffin.spec.runtime.validation import validate_resources as validate_resources

_MODULES = {
    "codec": "InvalidConfig config_from_tree decode_config encode_config",
    "config": "Config Hook Hooks Mount Root",
    "features": (
        "Enabled Features FeaturesCgroup FeaturesIntelRdt FeaturesLinux FeaturesMemoryPolicy "
        "FeaturesMountExtensions FeaturesSeccomp"
    ),
    "linux": "Device IDMapping IntelRdt Linux MemoryPolicy Namespace NetDevice Personality TimeOffset",
    "other_platforms": (
        "FreeBSD FreeBSDDevice FreeBSDJail FreeBSDJailAllow HWConfig IOMems Solaris SolarisAnet "
        "SolarisCappedCPU SolarisCappedMemory VM VMHypervisor VMImage VMKernel Windows WindowsCPU "
        "WindowsCPUGroupAffinity WindowsDevice WindowsHyperV WindowsMemory WindowsNetwork "
        "WindowsResources WindowsStorage Zos ZosNamespace"
    ),
    "process": "Box CPUAffinity Capabilities IOPriority Process Rlimit Scheduler User",
    "resources": (
        "BlockIO CPU DeviceRule HugepageLimit InterfacePriority Memory Network Pids Rdma Resources "
        "ThrottleDevice WeightDevice"
    ),
    "seccomp": "Seccomp SeccompArgument SeccompSyscall",
    "state": "ContainerProcessState State",
    "validation": "Problem validate validate_process validate_resources",
}


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names.split():
            value: object = getattr(__import__(f"{__name__}.{module}", fromlist=(name,)), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
