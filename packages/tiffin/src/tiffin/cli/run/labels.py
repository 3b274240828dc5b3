"""Labels of a manager's containers by which `tiffin` finds again what it was told when it made them."""

from __future__ import annotations

FOLDER = "tiffin/folder"  # on this machine, with its log, FIFOs and network files; see `managed.folder`
LOG = "tiffin/log"  # where the output goes: json-file:///PATH or file:///PATH
STOP_SIGNAL = "io.containerd.image.config.stop-signal"  # containerd's own clients have it, too
STOP_TIMEOUT = "tiffin/stop-timeout"  # seconds
