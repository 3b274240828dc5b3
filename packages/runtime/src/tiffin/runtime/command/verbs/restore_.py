"""restore: makes a container from a checkpoint, and waits for its end unless detached."""

from __future__ import annotations

from ...checkpoint.options import RestoreOptions
from ...checkpoint.restore import restore, restore_in_foreground
from ...lifecycle.settings import absolute
from .checkpoint_ import common_flags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...lifecycle.settings import Settings
    from ..parse import Invocation


def run_verb(settings: Settings, invocation: Invocation) -> int:
    flags = invocation.flags
    identifier = invocation.arguments[0]
    pid_file = flags.text("pid-file")
    options = RestoreOptions(
        **common_flags(flags),
        bundle=absolute(flags.text("bundle") or "."),
        console_socket=flags.text("console-socket"),
        pid_file=absolute(pid_file) if pid_file else "",
        lsm_profile=flags.text("lsm-profile"),
        lsm_mount_context=flags.text("lsm-mount-context"),
    )
    if flags.switch("detach"):
        restore(settings, identifier, options)
        return 0
    return restore_in_foreground(settings, identifier, options, subreaper=not flags.switch("no-subreaper"))
