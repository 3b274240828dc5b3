"""`linux.intelRdt`: shares of the cache and of memory bandwidth, by groups of the resctrl file system.

A group (a "CLOS") is a directory; writing a pid to its `tasks` moves it there, `schemata` says what it may use.
Sources: Documentation/filesystems/resctrl.rst; runtime-spec, config-linux.md, "IntelRdt".
"""

from __future__ import annotations

import posix

from ..errors import FailedPrecondition, InvalidArgument, OperationFailed, Unsupported
from ..plan.operations import STEP_LAUNCHER, make_directory, write_file, write_pid
from ..record import Record
from .files import exists, read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..plan.operation import Operation

USUAL_MOUNT = "/sys/fs/resctrl"
DIRECTORY_MODE = 0o755


class ResctrlGroup(Record):
    """Where a container's group is.

    directory: of the group.
    monitoring: directory of its own monitoring group, "" if it has none.
    made: whether create makes `directory`, and delete removes it.
    """

    directory: str
    monitoring: str = ""
    made: bool = False


def find_mount(process: str = "/proc/self") -> str:
    """Where resctrl is mounted.

    Raises:
        Unsupported: nowhere, or the hardware or kernel has none.
    """
    if exists(f"{USUAL_MOUNT}/schemata"):
        return USUAL_MOUNT
    for line in (read_text(f"{process}/mountinfo") or "").splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("resctrl "):
            return before.split(" ")[4]
    if exists(USUAL_MOUNT):
        raise Unsupported(f"linux.intelRdt: resctrl is not mounted (mount -t resctrl resctrl {USUAL_MOUNT})")
    raise Unsupported("linux.intelRdt: this hardware or kernel has no resctrl (Intel RDT, AMD QoS, Arm MPAM)")


def group_of(intel_rdt: Mapping[str, Any], container_id: str, mount: str) -> ResctrlGroup:
    """The group that the config asks for: `closID`, or one named after the container.

    Raises:
        InvalidArgument: closID is not a name.
        FailedPrecondition: closID alone names a group that must be there, and is not.
    """
    clos = intel_rdt.get("closID") or ""
    if clos in {".", ".."} or (clos != "/" and "/" in clos):
        raise InvalidArgument(f"linux.intelRdt.closID: {clos!r} is not a name")
    # "/" is the root group itself (runtime-spec 1.3).
    directory = mount if clos == "/" else f"{mount}/{clos or container_id}"
    if clos and not schemata_of(intel_rdt) and not exists(directory):
        raise FailedPrecondition(
            f"linux.intelRdt.closID: clos dir {directory} not accessible "
            "(must be pre-created when schemata, l3CacheSchema and memBwSchema are empty)"
        )
    monitoring = f"{directory}/mon_groups/{container_id}" if intel_rdt.get("enableMonitoring") else ""
    return ResctrlGroup(directory, monitoring, not clos and not exists(directory))


def create_operations(intel_rdt: Mapping[str, Any], group: ResctrlGroup) -> tuple[Operation, ...]:
    """Makes the groups, sets the schemata, and joins; for the launcher, before the clone."""
    where = "linux.intelRdt"
    directories = [directory for directory in (group.directory, group.monitoring) if directory]
    return (
        *(
            make_directory(STEP_LAUNCHER, where, path, DIRECTORY_MODE)
            for path in directories
            if not exists(path)
        ),
        *schemata_operations(intel_rdt, group),
        *(write_pid(STEP_LAUNCHER, where, f"{path}/tasks", 0) for path in directories),
    )


def schemata_operations(intel_rdt: Mapping[str, Any], group: ResctrlGroup) -> list[Operation]:
    """One write of all lines; the kernel accepts all of them or none. Also for `update`."""
    schemata = schemata_of(intel_rdt)
    if not schemata:
        return []
    path = f"{group.directory}/schemata"
    return [write_file(STEP_LAUNCHER, "linux.intelRdt.schemata", path, schemata.encode(), 0)]


def schemata_of(intel_rdt: Mapping[str, Any]) -> str:
    """l3CacheSchema, memBwSchema and schemata, a line each; later ones win."""
    lines = [intel_rdt.get("l3CacheSchema"), intel_rdt.get("memBwSchema"), *(intel_rdt.get("schemata") or ())]
    return "".join(f"{line}\n" for line in lines if line)


def last_status(mount: str) -> str:
    """Why resctrl refused the last command, for an error text; "" if it does not tell."""
    return (read_text(f"{mount}/info/last_cmd_status") or "").strip()


def remove_group(directory: str) -> None:
    """Removes what create made; one that is gone is fine.

    Args:
        directory: as the state file has it (`config_facts.resctrl_group`).

    Raises:
        OperationFailed: the kernel's reason.
    """
    try:
        posix.rmdir(directory)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OperationFailed(f"removing {directory}: {error.strerror}", errno=error.errno or 0) from error
