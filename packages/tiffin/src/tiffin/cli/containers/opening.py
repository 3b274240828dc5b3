"""Which containers a command is about: those in the store, or those of the manager whose address was given."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.containers.port import Containers
    from tiffin.cli.parse import Arguments


def open_containers(arguments: Arguments, *, swept: bool = True, beside: str = "") -> Containers:
    """The containers; use them in a `with` statement.

    Args:
        swept: of those in the store, what killed commands left is removed first.
        beside: name of the one whose processes are to be reached, for which an ordinary user must be where it is.

    Raises:
        CommandFailed: there is no manager at the address, or this installation cannot speak with one.
    """
    if arguments.address:
        from tiffin.cli.managed.opening import open_managed

        return open_managed(arguments.address, arguments.namespace)
    from tiffin.cli.daemonless.containers import DaemonlessContainers
    from tiffin.cli.run.host import Host

    host = Host.enter(beside=beside)
    return DaemonlessContainers(host.swept() if swept else host)
