"""What is known of a manager's containers, as values of ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tiffin.api.containerd.types.task.task_pb2 import CREATED, PAUSED, PAUSING, RUNNING, STOPPED
from tiffin.cli.containers.port import Listed

if TYPE_CHECKING:
    from typing import Any

    from tiffin.api.containerd.services.containers.v1.containers_pb2 import Container as ContainerRecord
    from tiffin.api.containerd.types.task.task_pb2 import Process as ProcessState
    from tiffin.manager.client.containers import Container

STATUSES = {CREATED: "created", RUNNING: "running", PAUSED: "paused", PAUSING: "paused", STOPPED: "exited"}


def listed(container: Container, state: ProcessState | None) -> Listed:
    """One container, with the state of its task, if it has one."""
    record = container.record
    process = config_of(record).get("process")
    args = process.get("args") if isinstance(process, dict) else None
    command = " ".join(map(str, args)) if isinstance(args, list) else ""
    created = record.created_at.seconds + record.created_at.nanos / 1e9
    tree = {
        "name": record.id,
        "image": record.image,
        "command": command,
        "created": int(created),
        "labels": dict(record.labels),
        "runtime": record.runtime.name,
        "pid": state.pid if state is not None and state.status != STOPPED else 0,
        "status": status_text(state),
    }
    return Listed(record.id, record.image, command, created, status_text(state), tree)


def inspected(record: ContainerRecord, state: ProcessState | None) -> dict[str, Any]:
    """All of one container."""
    return {
        "id": record.id,
        "image": record.image,
        "labels": dict(record.labels),
        "created": record.created_at.ToJsonString(),
        "updated": record.updated_at.ToJsonString(),
        "runtime": record.runtime.name,
        "snapshotter": record.snapshotter,
        "snapshot_key": record.snapshot_key,
        "sandbox": record.sandbox,
        "extensions": sorted(record.extensions),
        "state": _state_tree(state),
        "config": config_of(record),
    }


def _state_tree(state: ProcessState | None) -> dict[str, Any]:
    tree: dict[str, Any] = {"status": status_text(state)}
    if state is not None:
        tree |= {"pid": state.pid, "terminal": state.terminal}
        tree |= {"stdin": state.stdin, "stdout": state.stdout, "stderr": state.stderr}
        if state.status == STOPPED:
            tree |= {"exit_code": state.exit_status, "ended": state.exited_at.ToJsonString()}
    return tree


def status_text(state: ProcessState | None) -> str:
    """As `ps` shows it. One without a task has never been started, or its end was taken note of."""
    if state is None:
        return "no task"
    text = STATUSES.get(state.status, "unknown")
    return f"exited ({state.exit_status})" if text == "exited" else text


def config_of(record: ContainerRecord) -> dict[str, Any]:
    """Its OCI config; {} if it has none, or what it has is of another kind: a manager takes anything there."""
    try:
        found: Any = json.loads(record.spec.value)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
