"""hostname, domainname and linux.sysctl: what is set once the namespaces and /proc are there."""

from __future__ import annotations

from ..plan.operations import STEP_INIT, set_domainname, set_hostname, sysctl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ConfigTree

    from ..plan.operation import Operation

TO_PATH = {ord("."): "/", ord("/"): "."}


def name_operations(config: ConfigTree) -> list[Operation]:
    """Host name, domain name, and each sysctl."""
    operations = []
    if name := config.get("hostname"):
        operations.append(set_hostname(STEP_INIT, "hostname", name))
    if name := config.get("domainname"):
        operations.append(set_domainname(STEP_INIT, "domainname", name))
    for key, value in config.get("linux", {}).get("sysctl", {}).items():
        operations.append(sysctl(STEP_INIT, f"linux.sysctl.{key}", sysctl_path(key), value))
    return operations


def sysctl_path(key: str) -> str:
    """The file of a key as sysctl(8) reads it: whichever of `.` and `/` comes first separates, the other is a dot."""
    slash, dot = key.find("/"), key.find(".")
    if slash >= 0 and (dot < 0 or slash < dot):
        return f"/proc/sys/{key}"
    return f"/proc/sys/{key.translate(TO_PATH)}"
