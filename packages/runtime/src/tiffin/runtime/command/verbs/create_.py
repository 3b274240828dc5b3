"""create: makes a container whose process waits for start."""

from __future__ import annotations

from ...lifecycle.activation import host_notify_socket, listening_descriptors
from ...lifecycle.create import CreateOptions, create
from ...lifecycle.held_signals import hold_signals
from ...lifecycle.settings import absolute
from ..bundle_directory import enter_bundle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...lifecycle.settings import Settings
    from ..parse import Invocation, Options


def run_verb(settings: Settings, invocation: Invocation) -> int:
    options = create_options(invocation.flags)
    if invocation.globals.switch("dry-run"):
        from ..dry_run import print_create_plan

        return print_create_plan(settings, invocation, options, waits=True)
    hold_signals()
    create(settings, invocation.arguments[0], options)
    return 0


def create_options(flags: Options) -> CreateOptions:
    """The options of create and run; makes the bundle this process's directory, as runc does.

    Raises:
        NotFound: there is no such bundle.
    """
    console_socket, pidfd_socket, pid_file = (
        absolute(flags.text(name)) if flags.text(name) else ""
        for name in ("console-socket", "pidfd-socket", "pid-file")
    )
    return CreateOptions(
        bundle=enter_bundle(flags.text("bundle")),
        console_socket=console_socket,
        pidfd_socket=pidfd_socket,
        pid_file=pid_file,
        no_pivot=flags.switch("no-pivot"),
        no_new_keyring=flags.switch("no-new-keyring"),
        preserve_fds=flags.integer("preserve-fds"),
        activated=listening_descriptors(),
        notify_socket=host_notify_socket(),
    )
