"""ps: the processes of a container, as pids of the host, or through the host's ps."""

from __future__ import annotations

from ..errors import NotFound, OperationFailed
from .loaded import LoadedContainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .settings import Settings

DEFAULT_OPTIONS = ("-ef",)


def process_ids(settings: Settings, identifier: str) -> tuple[int, ...]:
    """The pids of all processes of the container, in the host's pid namespace."""
    return LoadedContainer(settings.root, identifier).manager().pids()


def process_table(pids: Sequence[int], options: Sequence[str] = ()) -> str:
    """What `ps` prints of some processes, without the lines of the others.

    Args:
        options: for ps, whose output must have a column PID; `-ef` if there are none.

    Raises:
        NotFound: ps is not installed.
        OperationFailed: ps failed, or printed no PID column.
    """
    import subprocess

    wanted = {str(pid) for pid in pids}
    try:
        done = subprocess.run(  # the caller's own options
            ["ps", *(options or DEFAULT_OPTIONS)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",  # a process calls itself what it likes
            check=False,
        )
    except FileNotFoundError as error:
        raise NotFound('exec: "ps": executable file not found in $PATH') from error
    if done.returncode != 0:
        raise OperationFailed(f"exit status {done.returncode}: {done.stdout}")
    head, *lines = done.stdout.splitlines() or [""]
    if "PID" not in head.split():
        raise OperationFailed("couldn't find PID field in ps output")
    column = head.split().index("PID")
    kept = [line for line in lines if len(fields := line.split()) > column and fields[column] in wanted]
    return "\n".join([head, *kept]) + "\n"
