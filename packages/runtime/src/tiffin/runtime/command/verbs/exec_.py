"""exec: runs a further process in a container."""

from __future__ import annotations

from ...lifecycle.execute import ExecOptions, Execution, execute, execute_detached
from ...lifecycle.held_signals import hold_signals
from ...lifecycle.process_changes import ProcessChanges, changed_process, process_of_file
from ...lifecycle.settings import absolute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ProcessTree

    from ...lifecycle.settings import Settings
    from ..parse import Invocation, Options


def run_verb(settings: Settings, invocation: Invocation) -> int:
    flags = invocation.flags
    execution = Execution(settings, invocation.arguments[0], exec_options(flags))
    process = _process(execution, settings, invocation)
    if invocation.globals.switch("dry-run"):
        from ..dry_run import print_plan

        return print_plan(execution.plan(process), invocation)
    if flags.switch("detach"):
        hold_signals()
        execute_detached(execution, process)
        return 0
    return execute(execution, process)


def exec_options(flags: Options) -> ExecOptions:
    console_socket, pidfd_socket, pid_file = (
        absolute(flags.text(name)) if flags.text(name) else ""
        for name in ("console-socket", "pidfd-socket", "pid-file")
    )
    return ExecOptions(
        console_socket=console_socket,
        pidfd_socket=pidfd_socket,
        pid_file=pid_file,
        preserve_fds=flags.integer("preserve-fds"),
        cgroup=tuple(flags.texts("cgroup")),
        ignore_paused=flags.switch("ignore-paused"),
    )


def _process(execution: Execution, settings: Settings, invocation: Invocation) -> ProcessTree:
    flags = invocation.flags
    if path := flags.text("process"):
        return process_of_file(path, settings.log)
    changes = ProcessChanges(
        args=invocation.arguments[1:],
        cwd=flags.text("cwd"),
        env=tuple(flags.texts("env")),
        tty=flags.switch("tty"),
        user=flags.text("user"),
        additional_gids=tuple(flags.integers("additional-gids")),
        capabilities=tuple(flags.texts("cap")),
        no_new_privileges=flags.switch("no-new-privs") if flags.given("no-new-privs") else None,
        apparmor=flags.text("apparmor"),
        process_label=flags.text("process-label"),
    )
    return changed_process(execution.config, changes, settings.log)
