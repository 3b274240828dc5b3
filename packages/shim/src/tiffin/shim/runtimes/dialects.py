"""What differs between the command lines of OCI runtimes: one table, by the name of the binary."""

from __future__ import annotations

import os

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Dialect(Record):
    """How one runtime is called.

    host_processes: its containers' processes are processes of this kernel.
    state_folders: it has a folder `<root>/<id>` for each container, and only then.
    no_subreaper: `restore` has the flag --no-subreaper.
    """

    host_processes: bool = False
    state_folders: bool = False
    no_subreaper: bool = False


UNKNOWN = Dialect()
"""Nothing is taken for granted: whether a container is there is asked of the runtime, and signals go through it."""

DIALECTS: Mapping[str, Dialect] = {
    "runc": Dialect(host_processes=True, state_folders=True, no_subreaper=True),
    "crun": Dialect(host_processes=True, state_folders=True),
    "youki": Dialect(host_processes=True, state_folders=True),
    "tiffin-runtime": Dialect(host_processes=True, state_folders=True, no_subreaper=True),
    "runsc": Dialect(),
    "kata-runtime": Dialect(),
}


def dialect_of(program: str) -> Dialect:
    """The dialect of a program, by its name up to the first dot: `/opt/runc.amd64` speaks as runc."""
    return DIALECTS.get(os.path.basename(program).partition(".")[0], UNKNOWN)
