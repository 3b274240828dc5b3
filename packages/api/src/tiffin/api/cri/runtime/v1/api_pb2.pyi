from tiffin.api.cri.runtime.v1 import container_pb2 as _container_pb2
from tiffin.api.cri.runtime.v1 import container_requests_pb2 as _container_requests_pb2
from tiffin.api.cri.runtime.v1 import event_pb2 as _event_pb2
from tiffin.api.cri.runtime.v1 import image_pb2 as _image_pb2
from tiffin.api.cri.runtime.v1 import image_service_pb2 as _image_service_pb2
from tiffin.api.cri.runtime.v1 import metrics_pb2 as _metrics_pb2
from tiffin.api.cri.runtime.v1 import resources_pb2 as _resources_pb2
from tiffin.api.cri.runtime.v1 import runtime_pb2 as _runtime_pb2
from tiffin.api.cri.runtime.v1 import runtime_service_pb2 as _runtime_service_pb2
from tiffin.api.cri.runtime.v1 import sandbox_pb2 as _sandbox_pb2
from tiffin.api.cri.runtime.v1 import sandbox_requests_pb2 as _sandbox_requests_pb2
from tiffin.api.cri.runtime.v1 import security_pb2 as _security_pb2
from tiffin.api.cri.runtime.v1 import stats_pb2 as _stats_pb2
from tiffin.api.cri.runtime.v1 import streaming_pb2 as _streaming_pb2
from tiffin.api.cri.runtime.v1 import usage_pb2 as _usage_pb2
from tiffin.api.cri.runtime.v1 import value_pb2 as _value_pb2
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar
from tiffin.api.cri.runtime.v1.container_pb2 import ContainerMetadata as ContainerMetadata
from tiffin.api.cri.runtime.v1.container_pb2 import KeyValue as KeyValue
from tiffin.api.cri.runtime.v1.container_pb2 import Mount as Mount
from tiffin.api.cri.runtime.v1.container_pb2 import Device as Device
from tiffin.api.cri.runtime.v1.container_pb2 import CDIDevice as CDIDevice
from tiffin.api.cri.runtime.v1.container_pb2 import LinuxContainerConfig as LinuxContainerConfig
from tiffin.api.cri.runtime.v1.container_pb2 import WindowsContainerConfig as WindowsContainerConfig
from tiffin.api.cri.runtime.v1.container_pb2 import ContainerConfig as ContainerConfig
from tiffin.api.cri.runtime.v1.container_pb2 import ContainerUser as ContainerUser
from tiffin.api.cri.runtime.v1.container_pb2 import ContainerStatus as ContainerStatus
from tiffin.api.cri.runtime.v1.container_pb2 import ContainerStateValue as ContainerStateValue
from tiffin.api.cri.runtime.v1.container_pb2 import ContainerFilter as ContainerFilter
from tiffin.api.cri.runtime.v1.container_pb2 import Container as Container
from tiffin.api.cri.runtime.v1.container_pb2 import MountPropagation as MountPropagation
from tiffin.api.cri.runtime.v1.container_pb2 import Signal as Signal
from tiffin.api.cri.runtime.v1.container_pb2 import ContainerState as ContainerState
from tiffin.api.cri.runtime.v1.container_requests_pb2 import CreateContainerRequest as CreateContainerRequest
from tiffin.api.cri.runtime.v1.container_requests_pb2 import CreateContainerResponse as CreateContainerResponse
from tiffin.api.cri.runtime.v1.container_requests_pb2 import StartContainerRequest as StartContainerRequest
from tiffin.api.cri.runtime.v1.container_requests_pb2 import StartContainerResponse as StartContainerResponse
from tiffin.api.cri.runtime.v1.container_requests_pb2 import StopContainerRequest as StopContainerRequest
from tiffin.api.cri.runtime.v1.container_requests_pb2 import StopContainerResponse as StopContainerResponse
from tiffin.api.cri.runtime.v1.container_requests_pb2 import RemoveContainerRequest as RemoveContainerRequest
from tiffin.api.cri.runtime.v1.container_requests_pb2 import RemoveContainerResponse as RemoveContainerResponse
from tiffin.api.cri.runtime.v1.container_requests_pb2 import ListContainersRequest as ListContainersRequest
from tiffin.api.cri.runtime.v1.container_requests_pb2 import ListContainersResponse as ListContainersResponse
from tiffin.api.cri.runtime.v1.container_requests_pb2 import StreamContainersRequest as StreamContainersRequest
from tiffin.api.cri.runtime.v1.container_requests_pb2 import StreamContainersResponse as StreamContainersResponse
from tiffin.api.cri.runtime.v1.container_requests_pb2 import ContainerStatusRequest as ContainerStatusRequest
from tiffin.api.cri.runtime.v1.container_requests_pb2 import ContainerStatusResponse as ContainerStatusResponse
from tiffin.api.cri.runtime.v1.container_requests_pb2 import UpdateContainerResourcesRequest as UpdateContainerResourcesRequest
from tiffin.api.cri.runtime.v1.container_requests_pb2 import UpdateContainerResourcesResponse as UpdateContainerResourcesResponse
from tiffin.api.cri.runtime.v1.container_requests_pb2 import ReopenContainerLogRequest as ReopenContainerLogRequest
from tiffin.api.cri.runtime.v1.container_requests_pb2 import ReopenContainerLogResponse as ReopenContainerLogResponse
from tiffin.api.cri.runtime.v1.container_requests_pb2 import CheckpointContainerRequest as CheckpointContainerRequest
from tiffin.api.cri.runtime.v1.container_requests_pb2 import CheckpointContainerResponse as CheckpointContainerResponse
from tiffin.api.cri.runtime.v1.event_pb2 import ContainerEventResponse as ContainerEventResponse
from tiffin.api.cri.runtime.v1.event_pb2 import GetEventsRequest as GetEventsRequest
from tiffin.api.cri.runtime.v1.event_pb2 import ContainerEventType as ContainerEventType
from tiffin.api.cri.runtime.v1.image_pb2 import ImageSpec as ImageSpec
from tiffin.api.cri.runtime.v1.image_pb2 import ImageFilter as ImageFilter
from tiffin.api.cri.runtime.v1.image_pb2 import Image as Image
from tiffin.api.cri.runtime.v1.image_pb2 import AuthConfig as AuthConfig
from tiffin.api.cri.runtime.v1.image_service_pb2 import ListImagesRequest as ListImagesRequest
from tiffin.api.cri.runtime.v1.image_service_pb2 import ListImagesResponse as ListImagesResponse
from tiffin.api.cri.runtime.v1.image_service_pb2 import StreamImagesRequest as StreamImagesRequest
from tiffin.api.cri.runtime.v1.image_service_pb2 import StreamImagesResponse as StreamImagesResponse
from tiffin.api.cri.runtime.v1.image_service_pb2 import ImageStatusRequest as ImageStatusRequest
from tiffin.api.cri.runtime.v1.image_service_pb2 import ImageStatusResponse as ImageStatusResponse
from tiffin.api.cri.runtime.v1.image_service_pb2 import PullImageRequest as PullImageRequest
from tiffin.api.cri.runtime.v1.image_service_pb2 import PullImageResponse as PullImageResponse
from tiffin.api.cri.runtime.v1.image_service_pb2 import RemoveImageRequest as RemoveImageRequest
from tiffin.api.cri.runtime.v1.image_service_pb2 import RemoveImageResponse as RemoveImageResponse
from tiffin.api.cri.runtime.v1.image_service_pb2 import ImageFsInfoRequest as ImageFsInfoRequest
from tiffin.api.cri.runtime.v1.image_service_pb2 import ImageFsInfoResponse as ImageFsInfoResponse
from tiffin.api.cri.runtime.v1.metrics_pb2 import MetricDescriptor as MetricDescriptor
from tiffin.api.cri.runtime.v1.metrics_pb2 import Metric as Metric
from tiffin.api.cri.runtime.v1.metrics_pb2 import ContainerMetrics as ContainerMetrics
from tiffin.api.cri.runtime.v1.metrics_pb2 import PodSandboxMetrics as PodSandboxMetrics
from tiffin.api.cri.runtime.v1.metrics_pb2 import ListMetricDescriptorsRequest as ListMetricDescriptorsRequest
from tiffin.api.cri.runtime.v1.metrics_pb2 import ListMetricDescriptorsResponse as ListMetricDescriptorsResponse
from tiffin.api.cri.runtime.v1.metrics_pb2 import ListPodSandboxMetricsRequest as ListPodSandboxMetricsRequest
from tiffin.api.cri.runtime.v1.metrics_pb2 import ListPodSandboxMetricsResponse as ListPodSandboxMetricsResponse
from tiffin.api.cri.runtime.v1.metrics_pb2 import StreamPodSandboxMetricsRequest as StreamPodSandboxMetricsRequest
from tiffin.api.cri.runtime.v1.metrics_pb2 import StreamPodSandboxMetricsResponse as StreamPodSandboxMetricsResponse
from tiffin.api.cri.runtime.v1.metrics_pb2 import MetricType as MetricType
from tiffin.api.cri.runtime.v1.resources_pb2 import HugepageLimit as HugepageLimit
from tiffin.api.cri.runtime.v1.resources_pb2 import LinuxContainerResources as LinuxContainerResources
from tiffin.api.cri.runtime.v1.resources_pb2 import WindowsCpuGroupAffinity as WindowsCpuGroupAffinity
from tiffin.api.cri.runtime.v1.resources_pb2 import WindowsContainerResources as WindowsContainerResources
from tiffin.api.cri.runtime.v1.resources_pb2 import ContainerResources as ContainerResources
from tiffin.api.cri.runtime.v1.runtime_pb2 import VersionRequest as VersionRequest
from tiffin.api.cri.runtime.v1.runtime_pb2 import VersionResponse as VersionResponse
from tiffin.api.cri.runtime.v1.runtime_pb2 import RuntimeCondition as RuntimeCondition
from tiffin.api.cri.runtime.v1.runtime_pb2 import RuntimeStatus as RuntimeStatus
from tiffin.api.cri.runtime.v1.runtime_pb2 import RuntimeHandlerFeatures as RuntimeHandlerFeatures
from tiffin.api.cri.runtime.v1.runtime_pb2 import RuntimeHandler as RuntimeHandler
from tiffin.api.cri.runtime.v1.runtime_pb2 import RuntimeFeatures as RuntimeFeatures
from tiffin.api.cri.runtime.v1.runtime_pb2 import StatusRequest as StatusRequest
from tiffin.api.cri.runtime.v1.runtime_pb2 import StatusResponse as StatusResponse
from tiffin.api.cri.runtime.v1.runtime_pb2 import NetworkConfig as NetworkConfig
from tiffin.api.cri.runtime.v1.runtime_pb2 import RuntimeConfig as RuntimeConfig
from tiffin.api.cri.runtime.v1.runtime_pb2 import UpdateRuntimeConfigRequest as UpdateRuntimeConfigRequest
from tiffin.api.cri.runtime.v1.runtime_pb2 import UpdateRuntimeConfigResponse as UpdateRuntimeConfigResponse
from tiffin.api.cri.runtime.v1.runtime_pb2 import LinuxRuntimeConfiguration as LinuxRuntimeConfiguration
from tiffin.api.cri.runtime.v1.runtime_pb2 import RuntimeConfigRequest as RuntimeConfigRequest
from tiffin.api.cri.runtime.v1.runtime_pb2 import RuntimeConfigResponse as RuntimeConfigResponse
from tiffin.api.cri.runtime.v1.runtime_pb2 import CgroupDriver as CgroupDriver
from tiffin.api.cri.runtime.v1.sandbox_pb2 import DNSConfig as DNSConfig
from tiffin.api.cri.runtime.v1.sandbox_pb2 import PortMapping as PortMapping
from tiffin.api.cri.runtime.v1.sandbox_pb2 import PodSandboxMetadata as PodSandboxMetadata
from tiffin.api.cri.runtime.v1.sandbox_pb2 import LinuxPodSandboxConfig as LinuxPodSandboxConfig
from tiffin.api.cri.runtime.v1.sandbox_pb2 import WindowsPodSandboxConfig as WindowsPodSandboxConfig
from tiffin.api.cri.runtime.v1.sandbox_pb2 import PodSandboxConfig as PodSandboxConfig
from tiffin.api.cri.runtime.v1.sandbox_pb2 import PodIP as PodIP
from tiffin.api.cri.runtime.v1.sandbox_pb2 import PodSandboxNetworkStatus as PodSandboxNetworkStatus
from tiffin.api.cri.runtime.v1.sandbox_pb2 import Namespace as Namespace
from tiffin.api.cri.runtime.v1.sandbox_pb2 import LinuxPodSandboxStatus as LinuxPodSandboxStatus
from tiffin.api.cri.runtime.v1.sandbox_pb2 import PodSandboxStatus as PodSandboxStatus
from tiffin.api.cri.runtime.v1.sandbox_pb2 import PodSandboxStateValue as PodSandboxStateValue
from tiffin.api.cri.runtime.v1.sandbox_pb2 import PodSandboxFilter as PodSandboxFilter
from tiffin.api.cri.runtime.v1.sandbox_pb2 import PodSandbox as PodSandbox
from tiffin.api.cri.runtime.v1.sandbox_pb2 import Protocol as Protocol
from tiffin.api.cri.runtime.v1.sandbox_pb2 import PodSandboxState as PodSandboxState
from tiffin.api.cri.runtime.v1.sandbox_requests_pb2 import RunPodSandboxRequest as RunPodSandboxRequest
from tiffin.api.cri.runtime.v1.sandbox_requests_pb2 import RunPodSandboxResponse as RunPodSandboxResponse
from tiffin.api.cri.runtime.v1.sandbox_requests_pb2 import StopPodSandboxRequest as StopPodSandboxRequest
from tiffin.api.cri.runtime.v1.sandbox_requests_pb2 import StopPodSandboxResponse as StopPodSandboxResponse
from tiffin.api.cri.runtime.v1.sandbox_requests_pb2 import RemovePodSandboxRequest as RemovePodSandboxRequest
from tiffin.api.cri.runtime.v1.sandbox_requests_pb2 import RemovePodSandboxResponse as RemovePodSandboxResponse
from tiffin.api.cri.runtime.v1.sandbox_requests_pb2 import PodSandboxStatusRequest as PodSandboxStatusRequest
from tiffin.api.cri.runtime.v1.sandbox_requests_pb2 import PodSandboxStatusResponse as PodSandboxStatusResponse
from tiffin.api.cri.runtime.v1.sandbox_requests_pb2 import ListPodSandboxRequest as ListPodSandboxRequest
from tiffin.api.cri.runtime.v1.sandbox_requests_pb2 import ListPodSandboxResponse as ListPodSandboxResponse
from tiffin.api.cri.runtime.v1.sandbox_requests_pb2 import StreamPodSandboxesRequest as StreamPodSandboxesRequest
from tiffin.api.cri.runtime.v1.sandbox_requests_pb2 import StreamPodSandboxesResponse as StreamPodSandboxesResponse
from tiffin.api.cri.runtime.v1.sandbox_requests_pb2 import UpdatePodSandboxResourcesRequest as UpdatePodSandboxResourcesRequest
from tiffin.api.cri.runtime.v1.sandbox_requests_pb2 import UpdatePodSandboxResourcesResponse as UpdatePodSandboxResourcesResponse
from tiffin.api.cri.runtime.v1.security_pb2 import IDMapping as IDMapping
from tiffin.api.cri.runtime.v1.security_pb2 import UserNamespace as UserNamespace
from tiffin.api.cri.runtime.v1.security_pb2 import NamespaceOption as NamespaceOption
from tiffin.api.cri.runtime.v1.security_pb2 import SELinuxOption as SELinuxOption
from tiffin.api.cri.runtime.v1.security_pb2 import SecurityProfile as SecurityProfile
from tiffin.api.cri.runtime.v1.security_pb2 import Capability as Capability
from tiffin.api.cri.runtime.v1.security_pb2 import LinuxSandboxSecurityContext as LinuxSandboxSecurityContext
from tiffin.api.cri.runtime.v1.security_pb2 import LinuxContainerSecurityContext as LinuxContainerSecurityContext
from tiffin.api.cri.runtime.v1.security_pb2 import LinuxContainerUser as LinuxContainerUser
from tiffin.api.cri.runtime.v1.security_pb2 import WindowsNamespaceOption as WindowsNamespaceOption
from tiffin.api.cri.runtime.v1.security_pb2 import WindowsSandboxSecurityContext as WindowsSandboxSecurityContext
from tiffin.api.cri.runtime.v1.security_pb2 import WindowsContainerSecurityContext as WindowsContainerSecurityContext
from tiffin.api.cri.runtime.v1.security_pb2 import NamespaceMode as NamespaceMode
from tiffin.api.cri.runtime.v1.security_pb2 import SupplementalGroupsPolicy as SupplementalGroupsPolicy
from tiffin.api.cri.runtime.v1.stats_pb2 import ContainerAttributes as ContainerAttributes
from tiffin.api.cri.runtime.v1.stats_pb2 import ContainerStats as ContainerStats
from tiffin.api.cri.runtime.v1.stats_pb2 import WindowsContainerStats as WindowsContainerStats
from tiffin.api.cri.runtime.v1.stats_pb2 import ContainerStatsFilter as ContainerStatsFilter
from tiffin.api.cri.runtime.v1.stats_pb2 import ContainerStatsRequest as ContainerStatsRequest
from tiffin.api.cri.runtime.v1.stats_pb2 import ContainerStatsResponse as ContainerStatsResponse
from tiffin.api.cri.runtime.v1.stats_pb2 import ListContainerStatsRequest as ListContainerStatsRequest
from tiffin.api.cri.runtime.v1.stats_pb2 import ListContainerStatsResponse as ListContainerStatsResponse
from tiffin.api.cri.runtime.v1.stats_pb2 import StreamContainerStatsRequest as StreamContainerStatsRequest
from tiffin.api.cri.runtime.v1.stats_pb2 import StreamContainerStatsResponse as StreamContainerStatsResponse
from tiffin.api.cri.runtime.v1.stats_pb2 import PodSandboxAttributes as PodSandboxAttributes
from tiffin.api.cri.runtime.v1.stats_pb2 import LinuxPodSandboxStats as LinuxPodSandboxStats
from tiffin.api.cri.runtime.v1.stats_pb2 import WindowsPodSandboxStats as WindowsPodSandboxStats
from tiffin.api.cri.runtime.v1.stats_pb2 import PodSandboxStats as PodSandboxStats
from tiffin.api.cri.runtime.v1.stats_pb2 import PodSandboxStatsFilter as PodSandboxStatsFilter
from tiffin.api.cri.runtime.v1.stats_pb2 import PodSandboxStatsRequest as PodSandboxStatsRequest
from tiffin.api.cri.runtime.v1.stats_pb2 import PodSandboxStatsResponse as PodSandboxStatsResponse
from tiffin.api.cri.runtime.v1.stats_pb2 import ListPodSandboxStatsRequest as ListPodSandboxStatsRequest
from tiffin.api.cri.runtime.v1.stats_pb2 import ListPodSandboxStatsResponse as ListPodSandboxStatsResponse
from tiffin.api.cri.runtime.v1.stats_pb2 import StreamPodSandboxStatsRequest as StreamPodSandboxStatsRequest
from tiffin.api.cri.runtime.v1.stats_pb2 import StreamPodSandboxStatsResponse as StreamPodSandboxStatsResponse
from tiffin.api.cri.runtime.v1.streaming_pb2 import ExecSyncRequest as ExecSyncRequest
from tiffin.api.cri.runtime.v1.streaming_pb2 import ExecSyncResponse as ExecSyncResponse
from tiffin.api.cri.runtime.v1.streaming_pb2 import ExecRequest as ExecRequest
from tiffin.api.cri.runtime.v1.streaming_pb2 import ExecResponse as ExecResponse
from tiffin.api.cri.runtime.v1.streaming_pb2 import AttachRequest as AttachRequest
from tiffin.api.cri.runtime.v1.streaming_pb2 import AttachResponse as AttachResponse
from tiffin.api.cri.runtime.v1.streaming_pb2 import PortForwardRequest as PortForwardRequest
from tiffin.api.cri.runtime.v1.streaming_pb2 import PortForwardResponse as PortForwardResponse
from tiffin.api.cri.runtime.v1.usage_pb2 import PsiData as PsiData
from tiffin.api.cri.runtime.v1.usage_pb2 import PsiStats as PsiStats
from tiffin.api.cri.runtime.v1.usage_pb2 import CpuUsage as CpuUsage
from tiffin.api.cri.runtime.v1.usage_pb2 import MemoryUsage as MemoryUsage
from tiffin.api.cri.runtime.v1.usage_pb2 import SwapUsage as SwapUsage
from tiffin.api.cri.runtime.v1.usage_pb2 import IoUsage as IoUsage
from tiffin.api.cri.runtime.v1.usage_pb2 import ProcessUsage as ProcessUsage
from tiffin.api.cri.runtime.v1.usage_pb2 import NetworkInterfaceUsage as NetworkInterfaceUsage
from tiffin.api.cri.runtime.v1.usage_pb2 import NetworkUsage as NetworkUsage
from tiffin.api.cri.runtime.v1.usage_pb2 import FilesystemIdentifier as FilesystemIdentifier
from tiffin.api.cri.runtime.v1.usage_pb2 import FilesystemUsage as FilesystemUsage
from tiffin.api.cri.runtime.v1.usage_pb2 import WindowsCpuUsage as WindowsCpuUsage
from tiffin.api.cri.runtime.v1.usage_pb2 import WindowsMemoryUsage as WindowsMemoryUsage
from tiffin.api.cri.runtime.v1.usage_pb2 import WindowsProcessUsage as WindowsProcessUsage
from tiffin.api.cri.runtime.v1.usage_pb2 import WindowsNetworkInterfaceUsage as WindowsNetworkInterfaceUsage
from tiffin.api.cri.runtime.v1.usage_pb2 import WindowsNetworkUsage as WindowsNetworkUsage
from tiffin.api.cri.runtime.v1.usage_pb2 import WindowsFilesystemUsage as WindowsFilesystemUsage
from tiffin.api.cri.runtime.v1.value_pb2 import UInt64Value as UInt64Value
from tiffin.api.cri.runtime.v1.value_pb2 import Int64Value as Int64Value

DESCRIPTOR: _descriptor.FileDescriptor
PROPAGATION_PRIVATE: _container_pb2.MountPropagation
PROPAGATION_HOST_TO_CONTAINER: _container_pb2.MountPropagation
PROPAGATION_BIDIRECTIONAL: _container_pb2.MountPropagation
RUNTIME_DEFAULT: _container_pb2.Signal
SIGABRT: _container_pb2.Signal
SIGALRM: _container_pb2.Signal
SIGBUS: _container_pb2.Signal
SIGCHLD: _container_pb2.Signal
SIGCLD: _container_pb2.Signal
SIGCONT: _container_pb2.Signal
SIGFPE: _container_pb2.Signal
SIGHUP: _container_pb2.Signal
SIGILL: _container_pb2.Signal
SIGINT: _container_pb2.Signal
SIGIO: _container_pb2.Signal
SIGIOT: _container_pb2.Signal
SIGKILL: _container_pb2.Signal
SIGPIPE: _container_pb2.Signal
SIGPOLL: _container_pb2.Signal
SIGPROF: _container_pb2.Signal
SIGPWR: _container_pb2.Signal
SIGQUIT: _container_pb2.Signal
SIGSEGV: _container_pb2.Signal
SIGSTKFLT: _container_pb2.Signal
SIGSTOP: _container_pb2.Signal
SIGSYS: _container_pb2.Signal
SIGTERM: _container_pb2.Signal
SIGTRAP: _container_pb2.Signal
SIGTSTP: _container_pb2.Signal
SIGTTIN: _container_pb2.Signal
SIGTTOU: _container_pb2.Signal
SIGURG: _container_pb2.Signal
SIGUSR1: _container_pb2.Signal
SIGUSR2: _container_pb2.Signal
SIGVTALRM: _container_pb2.Signal
SIGWINCH: _container_pb2.Signal
SIGXCPU: _container_pb2.Signal
SIGXFSZ: _container_pb2.Signal
SIGRTMIN: _container_pb2.Signal
SIGRTMINPLUS1: _container_pb2.Signal
SIGRTMINPLUS2: _container_pb2.Signal
SIGRTMINPLUS3: _container_pb2.Signal
SIGRTMINPLUS4: _container_pb2.Signal
SIGRTMINPLUS5: _container_pb2.Signal
SIGRTMINPLUS6: _container_pb2.Signal
SIGRTMINPLUS7: _container_pb2.Signal
SIGRTMINPLUS8: _container_pb2.Signal
SIGRTMINPLUS9: _container_pb2.Signal
SIGRTMINPLUS10: _container_pb2.Signal
SIGRTMINPLUS11: _container_pb2.Signal
SIGRTMINPLUS12: _container_pb2.Signal
SIGRTMINPLUS13: _container_pb2.Signal
SIGRTMINPLUS14: _container_pb2.Signal
SIGRTMINPLUS15: _container_pb2.Signal
SIGRTMAXMINUS14: _container_pb2.Signal
SIGRTMAXMINUS13: _container_pb2.Signal
SIGRTMAXMINUS12: _container_pb2.Signal
SIGRTMAXMINUS11: _container_pb2.Signal
SIGRTMAXMINUS10: _container_pb2.Signal
SIGRTMAXMINUS9: _container_pb2.Signal
SIGRTMAXMINUS8: _container_pb2.Signal
SIGRTMAXMINUS7: _container_pb2.Signal
SIGRTMAXMINUS6: _container_pb2.Signal
SIGRTMAXMINUS5: _container_pb2.Signal
SIGRTMAXMINUS4: _container_pb2.Signal
SIGRTMAXMINUS3: _container_pb2.Signal
SIGRTMAXMINUS2: _container_pb2.Signal
SIGRTMAXMINUS1: _container_pb2.Signal
SIGRTMAX: _container_pb2.Signal
CONTAINER_CREATED: _container_pb2.ContainerState
CONTAINER_RUNNING: _container_pb2.ContainerState
CONTAINER_EXITED: _container_pb2.ContainerState
CONTAINER_UNKNOWN: _container_pb2.ContainerState
CONTAINER_CREATED_EVENT: _event_pb2.ContainerEventType
CONTAINER_STARTED_EVENT: _event_pb2.ContainerEventType
CONTAINER_STOPPED_EVENT: _event_pb2.ContainerEventType
CONTAINER_DELETED_EVENT: _event_pb2.ContainerEventType
COUNTER: _metrics_pb2.MetricType
GAUGE: _metrics_pb2.MetricType
SYSTEMD: _runtime_pb2.CgroupDriver
CGROUPFS: _runtime_pb2.CgroupDriver
TCP: _sandbox_pb2.Protocol
UDP: _sandbox_pb2.Protocol
SCTP: _sandbox_pb2.Protocol
SANDBOX_READY: _sandbox_pb2.PodSandboxState
SANDBOX_NOTREADY: _sandbox_pb2.PodSandboxState
POD: _security_pb2.NamespaceMode
CONTAINER: _security_pb2.NamespaceMode
NODE: _security_pb2.NamespaceMode
TARGET: _security_pb2.NamespaceMode
Merge: _security_pb2.SupplementalGroupsPolicy
Strict: _security_pb2.SupplementalGroupsPolicy
