"""How long each question to a task may take, seconds; a task that does not answer stalls nobody else."""

from __future__ import annotations

from tiffin.runtime.record import Record


class Limits(Record):
    """None: as long as the client wants. The names of containerd's settings stand beside those that it has."""

    state: float = 2.0  # io.containerd.timeout.task.state
    members: float = 5.0
    stats: float = 5.0
    create: float = 300.0
    start: float = 120.0
    execute: float = 60.0
    kill: float = 30.0
    delete: float = 60.0
    pause: float = 60.0
    resize: float = 10.0
    close_stdin: float = 10.0
    update: float = 60.0
    checkpoint: float = 1800.0
