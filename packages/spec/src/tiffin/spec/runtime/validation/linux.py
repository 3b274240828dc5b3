"""Rules of the rest of the Linux section: devices, network devices, RDT, memory policy."""

from __future__ import annotations

from tiffin.spec.runtime.validation.problem import WARNING, Problem
from tiffin.spec.runtime.validation.values import is_interface_name, is_number_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.spec.runtime.validation.problem import Tree

_DEVICES = "config-linux.md: Devices"
_NET_DEVICES = "config-linux.md: Network Devices"
_RDT = "config-linux.md: IntelRdt"
_MEMORY_POLICY = "config-linux.md: Memory policy"
_MODES_WITHOUT_NODES = ("MPOL_DEFAULT", "MPOL_LOCAL")


def devices(linux: Tree) -> Iterator[Problem]:
    paths: dict[str, int] = {}
    numbers: dict[tuple[object, ...], int] = {}
    for index, device in enumerate(linux.get("devices") or ()):
        where = f"linux.devices[{index}]"
        yield from _device(device, where)
        path = device.get("path")
        if path in paths:
            message = f"{path} is also in devices[{paths[path]}]"
            yield Problem(where + ".path", message, "devices.path.unique", _DEVICES, WARNING)
        if path is not None:
            paths[path] = index
        kind = device.get("type")
        key = ("c" if kind == "u" else kind, device.get("major") or 0, device.get("minor") or 0)
        if kind != "p" and key in numbers:
            message = f"has the type and numbers of devices[{numbers[key]}]"
            yield Problem(where, message, "devices.number.unique", _DEVICES, WARNING)
        numbers[key] = index


def _device(device: Tree, where: str) -> Iterator[Problem]:
    path = device.get("path")
    if path is not None and not path.startswith("/"):
        yield Problem(where + ".path", f"{path!r} is not an absolute path", "devices.path", _DEVICES, WARNING)
    if device.get("type") not in ("c", "b", "u"):
        return
    for name, limit in (("major", 2**12), ("minor", 2**20)):  # Linux: 12 and 20 bits
        number = device.get(name)
        if number is None:
            yield Problem(f"{where}.{name}", "is required", "devices.number", _DEVICES, WARNING)
        elif isinstance(number, int) and not 0 <= number < limit:
            message = f"{number} is not from 0 to {limit - 1}"
            yield Problem(f"{where}.{name}", message, "devices.number.range", _DEVICES)


def net_devices(linux: Tree) -> Iterator[Problem]:
    moved = linux.get("netDevices")
    if not moved:
        return
    if not any(one.get("type") == "network" for one in linux.get("namespaces") or ()):
        yield Problem(
            "linux.netDevices", "needs a namespace of type network", "net-devices.namespace", _NET_DEVICES
        )
    inside: dict[str, str] = {}
    for name, device in moved.items():
        where = f'linux.netDevices["{name}"]'
        given = device.get("name") or ""
        if not is_interface_name(name):
            yield Problem(where, "cannot be the name of an interface", "net-devices.name", _NET_DEVICES)
        if given and not is_interface_name(given):
            message = f"{given!r} cannot be the name of an interface"
            yield Problem(where + ".name", message, "net-devices.name", _NET_DEVICES)
        target = given or name
        if target in inside and "%d" not in target:
            message = f"{target} is also the name of {inside[target]} inside"
            yield Problem(where + ".name", message, "net-devices.unique", _NET_DEVICES)
        inside[target] = name


def intel_rdt(linux: Tree) -> Iterator[Problem]:
    rdt = linux.get("intelRdt")
    if not rdt:
        return
    clos = rdt.get("closID") or ""
    if clos in (".", "..") or (len(clos) > 1 and "/" in clos) or "\n" in clos:
        yield Problem("linux.intelRdt.closID", f"{clos!r} is no name of a directory", "intel-rdt.clos", _RDT)
    bandwidth = rdt.get("memBwSchema") or ""
    if bandwidth and not bandwidth.startswith("MB:"):
        yield Problem("linux.intelRdt.memBwSchema", "does not start with MB:", "intel-rdt.schema", _RDT)
    cache = rdt.get("l3CacheSchema") or ""
    if cache and not cache.startswith("L3"):
        yield Problem(
            "linux.intelRdt.l3CacheSchema", "does not start with L3:", "intel-rdt.l3", _RDT, WARNING
        )
    lines = {"memBwSchema": bandwidth, "l3CacheSchema": cache}
    lines |= {f"schemata[{index}]": line for index, line in enumerate(rdt.get("schemata") or ())}
    for name, line in lines.items():
        if "\n" in line:
            yield Problem(f"linux.intelRdt.{name}", "has more than one line", "intel-rdt.lines", _RDT)


def memory_policy(linux: Tree) -> Iterator[Problem]:
    """set_mempolicy(2): which modes have nodes."""
    policy = linux.get("memoryPolicy")
    if not policy:
        return
    nodes, mode = policy.get("nodes") or "", policy.get("mode")
    where = "linux.memoryPolicy.nodes"
    if not is_number_list(nodes):
        yield Problem(
            where, f"{nodes!r} is no list of nodes such as 0-3,7", "memory-policy.list", _MEMORY_POLICY
        )
    elif mode in _MODES_WITHOUT_NODES and nodes:
        yield Problem(where, f"{mode} takes none", "memory-policy.nodes", _MEMORY_POLICY)
    elif mode not in (*_MODES_WITHOUT_NODES, "MPOL_PREFERRED", None) and not nodes:
        yield Problem(where, f"{mode} needs some", "memory-policy.nodes", _MEMORY_POLICY)


def personality(linux: Tree) -> Iterator[Problem]:
    if (linux.get("personality") or {}).get("flags"):
        section = "config-linux.md: Personality"
        message = "no flag is supported; they are ignored"
        yield Problem("linux.personality.flags", message, "personality.flags", section, WARNING)


RULES = (devices, net_devices, intel_rdt, memory_policy, personality)
