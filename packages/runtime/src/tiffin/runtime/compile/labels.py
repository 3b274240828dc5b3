"""process.apparmorProfile and process.selinuxLabel. Imported only where one of them is set."""

from __future__ import annotations

from ..errors import Unsupported
from ..plan.operations import STEP_INIT, set_exec_label
from ..state.files import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ProcessTree

    from ..plan.operation import Operation

APPARMOR_SWITCH = "/sys/module/apparmor/parameters/enabled"
FILE_SYSTEMS = "/proc/filesystems"


def label_operations(process: ProcessTree, prefix: str) -> list[Operation]:
    """The profile and the label that the program is to have.

    Raises:
        Unsupported: the kernel has no such security module, or it is switched off. It would only say EINVAL.
    """
    operations = []
    if profile := process.get("apparmorProfile"):
        if not _content(APPARMOR_SWITCH).startswith(b"Y"):
            raise Unsupported(f"{prefix}apparmorProfile: AppArmor is not enabled on this host")
        operations.append(set_exec_label(STEP_INIT, f"{prefix}apparmorProfile", "apparmor", profile))
    if label := process.get("selinuxLabel"):
        if b"selinuxfs" not in _content(FILE_SYSTEMS):
            raise Unsupported(f"{prefix}selinuxLabel: SELinux is not enabled on this host")
        operations.append(set_exec_label(STEP_INIT, f"{prefix}selinuxLabel", "selinux", label))
    return operations


def _content(path: str) -> bytes:
    try:
        return read_file(path)
    except FileNotFoundError:
        return b""
