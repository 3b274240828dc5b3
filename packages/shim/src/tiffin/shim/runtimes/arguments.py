"""The arguments of those verbs that have many of them, without what `through_monitor` adds (pid file, console)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .options import CheckpointOptions, RuntimeOptions
    from .port import Creation, Restoration


def create_arguments(options: RuntimeOptions, creation: Creation) -> list[str]:
    """Of `create`."""
    words = ["--bundle", creation.bundle]
    if options.no_pivot_root:
        words.append("--no-pivot")
    if options.no_new_keyring:
        words.append("--no-new-keyring")
    return words


def execute_arguments() -> list[str]:
    """Of `exec`."""
    return ["--detach"]


def restore_arguments(
    options: RuntimeOptions, creation: Creation, restoration: Restoration, *, no_subreaper: bool
) -> list[str]:
    """Of `restore`. no_subreaper: the runtime has that flag; the monitor is the one that adopts orphans."""
    words = ["--detach", "--bundle", creation.bundle, "--image-path", restoration.image]
    if restoration.work or options.criu_work:
        words += ["--work-path", restoration.work or options.criu_work]
    if restoration.parent:
        words += ["--parent-path", restoration.parent]
    if no_subreaper:
        words.append("--no-subreaper")
    if options.no_pivot_root:
        words.append("--no-pivot")
    return words


def checkpoint_arguments(options: CheckpointOptions) -> list[str]:
    """Of `checkpoint`."""
    words = ["--image-path", options.image]
    for flag, value in (
        ("--work-path", options.work),
        ("--parent-path", options.parent),
        ("--manage-cgroups-mode", options.cgroups_mode),
    ):
        if value:
            words += [flag, value]
    for flag, wanted in (
        ("--leave-running", not options.exit),
        ("--tcp-established", options.open_tcp),
        ("--ext-unix-sk", options.external_unix_sockets),
        ("--shell-job", options.terminal),
        ("--file-locks", options.file_locks),
    ):
        if wanted:
            words.append(flag)
    for namespace in options.empty_namespaces:
        words += ["--empty-ns", namespace]
    return words
