"""Metrics of a task, of cgroups v1 and v2, as a `Sample`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tiffin.api.cgroups.v1.metrics_pb2 import Metrics as MetricsV1
from tiffin.api.cgroups.v2.metrics_pb2 import Metrics as MetricsV2
from tiffin.api.typeurl import holds, unpack
from tiffin.cli.containers.port import Sample
from tiffin.cli.failure import CommandFailed

if TYPE_CHECKING:
    from google.protobuf.any_pb2 import Any

    from tiffin.api.containerd.types.metrics_pb2 import Metric

LEAST_UNLIMITED = 1 << 62  # v1 says 2**63 less a page, v2 2**64 - 1


def sample_of(metric: Metric) -> Sample:
    """What is used now."""
    return sample_of_message(metric.data)


def sample_of_message(data: Any) -> Sample:
    """From a message of either version. Memory is without the page cache that is not in use, as docker has it."""
    at = time.monotonic_ns()
    if holds(data, MetricsV1):
        v1 = unpack(data, MetricsV1)
        used = max(0, v1.memory.usage.usage - v1.memory.total_inactive_file)
        return Sample(at, v1.cpu.usage.total, used, _limit(v1.memory.usage.limit), v1.pids.current)
    if holds(data, MetricsV2):
        v2 = unpack(data, MetricsV2)
        used = max(0, v2.memory.usage - v2.memory.inactive_file)
        return Sample(at, v2.cpu.usage_usec * 1000, used, _limit(v2.memory.usage_limit), v2.pids.current)
    raise CommandFailed(f"the metrics are {data.type_url!r}, of which nothing is known here")


def _limit(limit: int) -> int:
    return 0 if limit >= LEAST_UNLIMITED else limit
