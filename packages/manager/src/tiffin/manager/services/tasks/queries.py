"""What tells how tasks are. A task that does not answer is told as it was last, and keeps nobody else waiting."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
from tiffin.manager.filters.parser import parse
from tiffin.manager.services.tasks.messages import member_of, metric_of, process_of
from tiffin.runtime.errors import NotFound, RuntimeFailure
from tiffin.shim.events.messages import timestamp

if TYPE_CHECKING:
    from tiffin.api.containerd.types.metrics_pb2 import Metric
    from tiffin.api.containerd.types.task.task_pb2 import Process
    from tiffin.manager.filters.filter import Field
    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.tasks.manager import TaskManager
    from tiffin.manager.tasks.task import Task

LOG = logging.getLogger("tiffin.manager.tasks")


class Queries:
    """Methods of the service."""

    def __init__(self, manager: TaskManager) -> None:
        self._manager = manager

    async def get(self, request: tasks.GetRequest, call: Call) -> tasks.GetResponse:
        """One process."""
        task = self._manager.get(call.namespace, request.container_id)
        return tasks.GetResponse(process=process_of(task.id, await task.state(request.exec_id)))

    async def list(self, request: tasks.ListTasksRequest, call: Call) -> tasks.ListTasksResponse:  # noqa: ARG002
        """All tasks of a namespace. The filter of the request is not looked at, as in containerd."""
        found = await asyncio.gather(*map(_listed, self._manager.list(call.namespace)))
        return tasks.ListTasksResponse(tasks=[process for process in found if process is not None])

    async def list_pids(self, request: tasks.ListPidsRequest, call: Call) -> tasks.ListPidsResponse:
        """All processes of a container."""
        members = await self._manager.get(call.namespace, request.container_id).members()
        return tasks.ListPidsResponse(processes=map(member_of, members))

    async def metrics(self, request: tasks.MetricsRequest, call: Call) -> tasks.MetricsResponse:
        """Of all tasks that match, by `id` and `namespace`; one that tells none is left out."""
        asked = parse(request.filters)
        chosen = asked.select(self._manager.list(call.namespace), _fields)
        found = await asyncio.gather(*map(_measured, chosen))
        return tasks.MetricsResponse(metrics=[metric for metric in found if metric is not None])

    async def wait(self, request: tasks.WaitRequest, call: Call) -> tasks.WaitResponse:
        """Until a process has ended."""
        exit_ = await self._manager.get(call.namespace, request.container_id).wait(request.exec_id)
        return tasks.WaitResponse(exit_status=exit_.status, exited_at=timestamp(exit_.at))


async def _listed(task: Task) -> Process | None:
    try:
        return process_of(task.id, await task.state(""))
    except NotFound:
        return None  # it was deleted meanwhile
    except RuntimeFailure as error:  # nothing was ever known of it
        LOG.warning("task %s is not listed: %s", task.id, error)
        return None


async def _measured(task: Task) -> Metric | None:
    collected = time.time_ns()
    try:
        return metric_of(task.id, collected, await task.stats())
    except RuntimeFailure as error:
        LOG.info("task %s has no metrics: %s", task.id, error)
        return None


def _fields(task: Task) -> Field:
    values = {"id": task.id, "namespace": task.namespace}
    return lambda path: values.get(path[0])
