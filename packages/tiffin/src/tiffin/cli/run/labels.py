"""Labels: those of --label, and of a manager's containers those by which `tiffin` finds again what it was told."""

from __future__ import annotations

from tiffin.cli.parse import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments

FOLDER = "tiffin/folder"  # on this machine, with its log, FIFOs and network files; see `managed.folder`
LOG = "tiffin/log"  # where the output goes: json-file:///PATH or file:///PATH
STOP_SIGNAL = "io.containerd.image.config.stop-signal"  # containerd's own clients have it, too
STOP_TIMEOUT = "tiffin/stop-timeout"  # seconds


def given_labels(arguments: Arguments) -> dict[str, str]:
    """Those of --label. Raises UsageError: for one without a name."""
    labels = {}
    for text in arguments.texts("label"):
        name, _, value = text.partition("=")
        if not name:
            raise UsageError(f"--label: {text!r} is no NAME[=VALUE]")
        labels[name] = value
    return labels
