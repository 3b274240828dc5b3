from tiffin.api.cri.runtime.v1 import container_requests_pb2 as _container_requests_pb2
from tiffin.api.cri.runtime.v1 import event_pb2 as _event_pb2
from tiffin.api.cri.runtime.v1 import metrics_pb2 as _metrics_pb2
from tiffin.api.cri.runtime.v1 import runtime_pb2 as _runtime_pb2
from tiffin.api.cri.runtime.v1 import sandbox_requests_pb2 as _sandbox_requests_pb2
from tiffin.api.cri.runtime.v1 import stats_pb2 as _stats_pb2
from tiffin.api.cri.runtime.v1 import streaming_pb2 as _streaming_pb2
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor
