"""checkpoint: saves a container to disk by CRIU."""

from __future__ import annotations

from ...checkpoint.dump import checkpoint
from ...checkpoint.options import DEFAULT_IMAGE_FOLDER, CheckpointOptions
from ...lifecycle.settings import absolute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...lifecycle.settings import Settings
    from ..parse import Invocation, Options


def run_verb(settings: Settings, invocation: Invocation) -> int:
    flags = invocation.flags
    options = CheckpointOptions(
        **common_flags(flags),
        parent_path=flags.text("parent-path"),
        leave_running=flags.switch("leave-running"),
        pre_dump=flags.switch("pre-dump"),
        page_server=flags.text("page-server"),
        status_fd=flags.integer("status-fd", -1),
        tcp_skip_in_flight=flags.switch("tcp-skip-in-flight"),
        link_remap=flags.switch("link-remap"),
    )
    checkpoint(settings, invocation.arguments[0], options)
    return 0


def common_flags(flags: Options) -> dict[str, Any]:
    """The flags that checkpoint and restore share, as fields of `CriuOptions`."""
    work = flags.text("work-path")
    return {
        "image_path": absolute(flags.text("image-path") or DEFAULT_IMAGE_FOLDER),
        "work_path": absolute(work) if work else "",
        "tcp_established": flags.switch("tcp-established"),
        "external_unix_sockets": flags.switch("ext-unix-sk"),
        "shell_job": flags.switch("shell-job"),
        "file_locks": flags.switch("file-locks"),
        "manage_cgroups_mode": flags.text("manage-cgroups-mode"),
        "empty_namespaces": tuple(flags.texts("empty-ns")),
        "auto_dedup": flags.switch("auto-dedup"),
        "lazy_pages": flags.switch("lazy-pages"),
    }
