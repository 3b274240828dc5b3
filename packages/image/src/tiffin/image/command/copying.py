"""One copy, as the verbs `copy` and `push` make it."""

from __future__ import annotations

from contextlib import ExitStack

from tiffin.image.command.progress import reported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.command.session import Session
    from tiffin.image.documents import Descriptor
    from tiffin.image.transfer.options import CopyOptions
    from tiffin.image.transports.access import RegistryAccess


def copy_between(
    source: str,
    destination: str,
    options: CopyOptions,
    accesses: tuple[RegistryAccess, RegistryAccess],
    session: Session,
    *,
    quiet: bool,
) -> Descriptor:
    """Copies from one place to another, and tells of the progress; the descriptor at the destination.

    Args:
        accesses: how the registries of the source and of the destination are reached.

    Raises:
        ImageFailure, OSError: as `copy_image`.
    """
    from tiffin.image.transfer.copy import copy_image
    from tiffin.image.transports.opening import open_destination, open_source

    with ExitStack() as stack:
        start = open_source(source, stack, session.access(accesses[0]))
        place, demands = open_destination(destination, stack, session.access(accesses[1]))
        with reported(quiet=quiet) as report:
            return copy_image(start, place, demands.applied(options, destination), report)


def write_digest(path: str | None, copied: Descriptor) -> None:
    """Writes `--digestfile`, if there shall be one. Raises OSError."""
    if path:
        from tiffin.image.transports.unfinished import write_whole

        write_whole(path, copied.digest.encode())
