"""The states of a task and of its further processes, and which verb is allowed in which: two explicit tables.

                 start           pause                resume
    CREATED ──► STARTING ──► RUNNING ──► PAUSING ──► PAUSED ──► RESUMING ──► RUNNING
       │            │           │            │          │
       └────────────┴───────────┴── it ends ─┴──────────┴──► STOPPED ──► DELETING ──► DELETED

Those in -ING are what it is while a command works; clients see the state before them, but for PAUSING, which
containerd has too. Source: containerd, cmd/containerd-shim-runc-v2/process/{init,exec}_state.go.
"""

from __future__ import annotations

from enum import Enum

from tiffin.runtime.errors import FailedPrecondition, NotFound
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Status(Enum):
    """Of a process. The values stand in the records on disk."""

    CREATING = "creating"
    CREATED = "created"
    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    RESUMING = "resuming"
    STOPPED = "stopped"
    DELETING = "deleting"
    DELETED = "deleted"


class Verb(Enum):
    """What a client may ask of a process. The values stand in errors."""

    START = "start"
    EXECUTE = "exec in"
    PAUSE = "pause"
    RESUME = "resume"
    UPDATE = "update"
    CHECKPOINT = "checkpoint"
    KILL = "kill"
    RESIZE = "resize"
    DELETE = "delete"


class Rule(Record):
    """One verb: the states in which it is allowed, the one while it works, and the one after it; None: no change."""

    allowed: frozenset[Status]
    meanwhile: Status | None = None
    then: Status | None = None


def _in(*allowed: Status) -> frozenset[Status]:
    return frozenset(allowed)


ALIVE = _in(Status.CREATED, Status.STARTING, Status.RUNNING, Status.PAUSING, Status.PAUSED, Status.RESUMING)

TASK: Mapping[Verb, Rule] = {
    Verb.START: Rule(_in(Status.CREATED), Status.STARTING, Status.RUNNING),
    Verb.EXECUTE: Rule(_in(Status.CREATED, Status.STARTING, Status.RUNNING)),
    Verb.PAUSE: Rule(_in(Status.RUNNING), Status.PAUSING, Status.PAUSED),
    Verb.RESUME: Rule(_in(Status.PAUSED), Status.RESUMING, Status.RUNNING),
    Verb.UPDATE: Rule(_in(Status.CREATED, Status.RUNNING, Status.PAUSED)),
    Verb.CHECKPOINT: Rule(_in(Status.RUNNING, Status.PAUSED)),
    Verb.KILL: Rule(ALIVE),
    Verb.RESIZE: Rule(ALIVE),
    Verb.DELETE: Rule(_in(Status.CREATED, Status.STOPPED), Status.DELETING, Status.DELETED),
}

EXEC: Mapping[Verb, Rule] = {
    Verb.START: Rule(_in(Status.CREATED), Status.STARTING, Status.RUNNING),
    Verb.KILL: Rule(_in(Status.RUNNING)),
    Verb.RESIZE: Rule(_in(Status.CREATED, Status.STARTING, Status.RUNNING)),
    Verb.DELETE: Rule(_in(Status.CREATED, Status.STOPPED), Status.DELETING, Status.DELETED),
}

SEEN_AS: Mapping[Status, Status] = {
    Status.STARTING: Status.CREATED,
    Status.RESUMING: Status.PAUSED,
    Status.DELETING: Status.STOPPED,
    Status.DELETED: Status.STOPPED,
}
"""What clients are told of those states that containerd does not have; the others are told as they are."""

ENDED = _in(Status.STOPPED, Status.DELETING, Status.DELETED)


def check(rules: Mapping[Verb, Rule], verb: Verb, status: Status, name: str) -> Rule:
    """The rule of a verb.

    Raises:
        NotFound: a signal for a process that has ended, or anything for one that is deleted.
        FailedPrecondition: it is not allowed in this state.
    """
    rule = rules[verb]
    if status in rule.allowed:
        return rule
    if verb is Verb.KILL and status in ENDED:
        raise NotFound(f"{name}: process already finished")
    if status is Status.DELETED:
        raise NotFound(f"cannot {verb.value} {name}: it was deleted")
    seen = SEEN_AS.get(status, status)
    raise FailedPrecondition(f"cannot {verb.value} {name}: it is {seen.value}")
