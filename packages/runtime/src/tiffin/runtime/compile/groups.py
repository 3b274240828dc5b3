"""process.user.additionalGids, where the kernel lets nobody change groups.

An ordinary user may map the own group only after setgroups(2) was given up for that user namespace and all below it
(user_namespaces(7), CVE-2014-8989): else leaving a group could open what its members are kept from.
"""

from __future__ import annotations

import posix

from ..errors import InvalidArgument
from ..state.files import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ProcessTree


def is_denied(process: int | str = "self") -> bool:
    """Whether setgroups is denied in the user namespace of a process."""
    try:
        return read_file(f"/proc/{process}/setgroups").startswith(b"deny")
    except (
        FileNotFoundError,
        ProcessLookupError,
    ):  # Linux before 3.19 denies nobody; a process that is gone is told later
        return False


def keeps_groups(process: ProcessTree, prefix: str, *, denied: bool) -> bool:
    """Whether the process keeps the groups that it has.

    Args:
        prefix: of the JSON path.
        denied: nobody may change groups in the process's user namespace.

    Raises:
        InvalidArgument: it is to have additional ones all the same.
    """
    groups = process.get("user", {}).get("additionalGids")
    if denied and groups:
        raise InvalidArgument(
            f"{prefix}user.additionalGids: cannot set any additional groups in a rootless container whose gids are not "
            "mapped by newgidmap"
        )
    return denied or (posix.geteuid() != 0 and not groups)
