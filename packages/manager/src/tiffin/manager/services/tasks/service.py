"""`service`: all methods of the service for tasks, each a plain coroutine (see `grpc_edge.offer`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.services.tasks.v1.tasks_services import TASKS
from tiffin.manager.grpc_edge.offer import Offer
from tiffin.manager.services.tasks.changes import Changes
from tiffin.manager.services.tasks.lifecycle import Lifecycle
from tiffin.manager.services.tasks.queries import Queries

if TYPE_CHECKING:
    from tiffin.manager.services.tasks.checkpoints import Checkpoints
    from tiffin.manager.tasks.manager import TaskManager


def service(manager: TaskManager, checkpoints: Checkpoints) -> Offer:
    """What a server registers. checkpoints: where images of tasks are kept."""
    lifecycle = Lifecycle(manager, checkpoints)
    changes, queries = Changes(manager), Queries(manager)
    return Offer(
        TASKS,
        {
            "Create": lifecycle.create,
            "Start": lifecycle.start,
            "Delete": lifecycle.delete,
            "DeleteProcess": lifecycle.delete_process,
            "Exec": lifecycle.execute,
            "Checkpoint": lifecycle.checkpoint,
            "Get": queries.get,
            "List": queries.list,
            "ListPids": queries.list_pids,
            "Metrics": queries.metrics,
            "Wait": queries.wait,
            "Kill": changes.kill,
            "Pause": changes.pause,
            "Resume": changes.resume,
            "ResizePty": changes.resize_pty,
            "CloseIO": changes.close_io,
            "Update": changes.update,
        },
    )
