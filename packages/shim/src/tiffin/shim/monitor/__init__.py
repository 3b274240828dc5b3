"""The monitor's Python side: starts `tiffin-monitor`, speaks with it, and reads what it left on disk.

One monitor per container: a small C program, parent and subreaper of the container's processes, which holds their
streams and records how they ended. packages/shim/monitor/README.md tells its semantics; `table.py` is the protocol.
"""

from .client import Monitor
from .errors import CommandFailed
from .records import recorded
from .values import Exit, Listener, MonitoredProcess, Sink, Spawn, Streams, console_socket_path

__all__ = [
    "CommandFailed",
    "Exit",
    "Listener",
    "Monitor",
    "MonitoredProcess",
    "Sink",
    "Spawn",
    "Streams",
    "console_socket_path",
    "recorded",
]
