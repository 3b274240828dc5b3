"""devices: which device nodes may be read, written and made, as cgroup v1 files or a cgroup v2 eBPF program.

The rules of the config are followed by those that every container gets (runc's list: mknod of anything, the
devices of a default /dev, terminals, /dev/net/tun), and reduced by `device_rules` to the least that has their effect.
"""

from __future__ import annotations

from ...errors import InvalidArgument
from ...plan.operations import STEP_LAUNCHER, WRITE_MAY_FAIL, attach_device_program, write_file
from ..device_rules import READ_WRITE_MKNOD, DeviceRule, RuleSet, parse_list
from ..files import nearest_existing, read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ...plan.operation import Operation

WHERE = "linux.resources.devices"
# Path in the container (a device there in linux.devices takes the rule away), type, major, minor, access; -1: any.
DEFAULT_RULES = (
    ("", "c", -1, -1, "m"),
    ("", "b", -1, -1, "m"),
    ("/dev/null", "c", 1, 3, "rwm"),
    ("/dev/random", "c", 1, 8, "rwm"),
    ("/dev/full", "c", 1, 7, "rwm"),
    ("/dev/tty", "c", 5, 0, "rwm"),
    ("/dev/zero", "c", 1, 5, "rwm"),
    ("/dev/urandom", "c", 1, 9, "rwm"),
    ("", "c", 136, -1, "rwm"),  # /dev/pts/N
    ("", "c", 5, 2, "rwm"),  # /dev/ptmx
    ("", "c", 10, 200, "rwm"),  # /dev/net/tun
)


def effective_rules(
    rules: Sequence[Mapping[str, Any]] | None, devices: Sequence[Mapping[str, Any]] = ()
) -> list[DeviceRule]:
    """`linux.resources.devices` and the default rules, in order.

    Args:
        rules: `linux.resources.devices`.
        devices: `linux.devices`.

    Raises:
        InvalidArgument: a rule without access, or of an unknown type.
    """
    effective = []
    for index, rule in enumerate(rules or ()):
        kind, access = rule.get("type") or "a", rule.get("access") or ""
        if not access or access.strip("rwm"):
            reason = f"unknown device access {access!r}" if access else "device access cannot be empty"
            raise InvalidArgument(f"{WHERE}[{index}].access: {reason} (r, w and m are known)")
        if kind not in {"a", "b", "c"}:
            raise InvalidArgument(f"{WHERE}[{index}].type: invalid cgroup device type {kind!r} (a, b, c)")
        major, minor = (-1 if rule.get(key) is None else rule[key] for key in ("major", "minor"))
        effective.append(DeviceRule(rule["allow"], kind, major, minor, access))
    own = {device["path"] for device in devices}
    for path, kind, major, minor, access in DEFAULT_RULES:
        if not path or path not in own:
            effective.append(DeviceRule(True, kind, major, minor, access))
    return effective


def v1(
    directory: str, rules: Sequence[DeviceRule], *, step: int = STEP_LAUNCHER, flags: int = 0
) -> list[Operation]:
    """The least writes to devices.deny and devices.allow that lead from what the cgroup has to the rules.

    A cgroup that does not exist yet will have its parent's rules.
    """
    current = parse_list(read_text(f"{nearest_existing(directory)}/devices.list") or "")
    operations = []
    for rule in current.transition(RuleSet.of(rules)):
        name = "devices.allow" if rule.allow else "devices.deny"
        operations.append(write_file(step, WHERE, f"{directory}/{name}", rule.line().encode(), flags))
    return operations


def v2(
    directory: str, rules: Sequence[DeviceRule], *, step: int = STEP_LAUNCHER, flags: int = 0
) -> list[Operation]:
    """The program that holds the rules. Rules that only allow everything on a device may fail to load, as with runc."""
    from ..device_program import assemble

    if all(rule.allow and not READ_WRITE_MKNOD.difference(rule.access) for rule in rules):
        flags |= WRITE_MAY_FAIL
    return [attach_device_program(step, WHERE, directory, assemble(RuleSet.of(rules)), flags)]


def in_user_namespace() -> bool:
    """Whether we are in a user namespace that maps not all ids: there the kernel takes no device rules."""
    text = read_text("/proc/self/uid_map")
    return text is not None and text.split() != ["0", "0", "4294967295"]
