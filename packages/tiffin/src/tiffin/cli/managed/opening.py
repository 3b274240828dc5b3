"""From an address to its containers; what is wrong with an address is said before gRPC is tried on it."""

from __future__ import annotations

import os
import stat

from tiffin.cli.failure import CommandFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.managed.containers import ManagedContainers


def open_managed(address: str, namespace: str) -> ManagedContainers:
    """The containers of a namespace. Raises CommandFailed: there is no socket, or no client is installed."""
    path = address
    if address.startswith("unix:"):  # with or without two slashes, as gRPC has it
        path = os.path.abspath(address.removeprefix("unix:").removeprefix("//"))
    elif address.startswith(("./", "../")) or os.path.exists(address):  # and not a name with a port
        path = os.path.abspath(address)
    if path.startswith("/"):
        _check_socket(path)
    try:
        from tiffin.cli.managed.containers import ManagedContainers
    except ModuleNotFoundError as error:
        raise CommandFailed(
            f"--address needs what is not installed here ({error.name}): pip install 'tiffin[manager]'"
        ) from error
    return ManagedContainers(path, namespace)


def _check_socket(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise CommandFailed(
            f"there is no manager at {path} ({error.strerror}): start tiffind or containerd, or give its socket"
        ) from error
    if not stat.S_ISSOCK(mode):
        raise CommandFailed(f"{path} is no socket: give that of tiffind or of a containerd")
    if not os.access(path, os.R_OK | os.W_OK):
        raise CommandFailed(f"{path} may not be used by this user: run as root")
