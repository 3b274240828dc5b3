"""The values as protobuf: the records have the messages' names and fields, so that one rule maps all of them."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from google.protobuf import any_pb2

from tiffin.api.cgroups.v1 import metrics_pb2 as v1
from tiffin.api.cgroups.v2 import metrics_pb2 as v2
from tiffin.runtime.record import Record

from . import values_v1
from .read import read

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from tiffin.runtime.cgroup.manager import CgroupManager

    from . import values_v2


def measure(manager: CgroupManager) -> any_pb2.Any:
    """What a shim answers to `Stats`: the metrics of a container's cgroups, with containerd's type URL."""
    message = to_message(read(manager))
    # typeurl's, without a host: containerd and its clients know no other
    return any_pb2.Any(type_url=message.DESCRIPTOR.full_name, value=message.SerializeToString())


def to_message(metrics: values_v1.Metrics | values_v2.Metrics) -> v1.Metrics | v2.Metrics:
    """io.containerd.cgroups.v1.Metrics or v2.Metrics."""
    message: Any = _message(metrics, v1 if isinstance(metrics, values_v1.Metrics) else v2)
    found: v1.Metrics | v2.Metrics = message
    return found


def _message(record: Record, module: ModuleType) -> Message:
    fields = {name: _value(value, module) for name, value in zip(record._fields, record, strict=True)}
    made: Message = getattr(module, type(record).__name__)(
        **{name: value for name, value in fields.items() if value is not None}
    )
    return made


def _value(value: object, module: ModuleType) -> object:
    if isinstance(value, Record):
        return _message(value, module)
    if isinstance(value, tuple):
        return [_value(one, module) for one in value]
    return value
