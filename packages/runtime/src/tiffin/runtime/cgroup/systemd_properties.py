"""`linux.resources` as properties of a systemd unit (systemd.resource-control(5)), as runc maps them.

systemd must know the limits, or it would set its own whenever it reloads; what it has no property for is only
written to the cgroup's files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InvalidArgument
from .controllers.cpu import DEFAULT_PERIOD, weight_from_shares
from .controllers.memory import swap_only
from .device_rules import ANY, RuleSet
from .statistics import parse_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .device_rules import DeviceRule
    from .systemd_bus import Property

INFINITY = 2**64 - 1
QUOTA_STEP = 10000  # microseconds in a second: systemd keeps whole percents of a CPU
# Versions of systemd that brought a property.
HAS_QUOTA_PERIOD, HAS_CPUSET, HAS_IDLE, HAS_DEVICE_MAJORS, HAS_OOM_POLICY = 242, 244, 252, 240, 253
UNIFIED_NUMBERS = {
    "memory.high": "MemoryHigh",
    "memory.low": "MemoryLow",
    "memory.min": "MemoryMin",
    "memory.max": "MemoryMax",
    "memory.swap.max": "MemorySwapMax",
    "pids.max": "TasksMax",
}


def resource_properties(
    resources: Mapping[str, Any], *, cgroup_version: int, systemd_version: int
) -> tuple[list[Property], dict[str, Any]]:
    """Properties for all but devices, and the resources with the CPU quota rounded up as systemd will do.

    Raises:
        InvalidArgument: values contradict each other, or cannot be read.
    """
    memory, cpu = resources.get("memory") or {}, dict(resources.get("cpu") or {})
    properties = _memory(memory, cgroup_version)
    properties += _weight(cpu, cgroup_version, systemd_version)
    quota, cpu["quota"] = cpu_quota(cpu.get("quota") or 0, cpu.get("period") or 0, systemd_version)
    properties += quota
    block_weight = (resources.get("blockIO") or {}).get("weight")
    if cgroup_version == 1 and block_weight:
        properties.append(("BlockIOWeight", ("t", block_weight)))
    limit = (resources.get("pids") or {}).get("limit") or 0
    if limit:
        properties.append(("TasksMax", ("t", limit if limit > 0 else INFINITY)))
    if systemd_version >= HAS_CPUSET:
        for key, name in (("cpus", "AllowedCPUs"), ("mems", "AllowedMemoryNodes")):
            if cpu.get(key):
                properties.append((name, ("ay", cpu_bits(cpu[key], f"linux.resources.cpu.{key}"))))
    if cgroup_version == 2:
        properties += unified_properties(resources.get("unified") or {}, systemd_version)
    return properties, {**resources, "cpu": cpu}


def _memory(memory: Mapping[str, Any], cgroup_version: int) -> list[Property]:
    limit = memory.get("limit") or 0
    if cgroup_version == 1:
        return [("MemoryLimit", ("t", limit % 2**64))] if limit else []
    values = {
        "MemoryMax": limit,
        "MemoryLow": memory.get("reservation") or 0,
        "MemorySwapMax": swap_only(limit, memory.get("swap") or 0),
    }
    return [(name, ("t", value % 2**64)) for name, value in values.items() if value]


def _weight(cpu: Mapping[str, Any], cgroup_version: int, systemd_version: int) -> list[Property]:
    shares = cpu.get("shares") or 0
    if cgroup_version == 1:
        return [("CPUShares", ("t", shares))] if shares else []
    if cpu.get("idle") == 1 and systemd_version >= HAS_IDLE:
        return [("CPUWeight", ("t", 0))]  # how systemd is told of cpu.idle
    return [("CPUWeight", ("t", weight_from_shares(shares)))] if shares else []


def cpu_quota(quota: int, period: int, systemd_version: int) -> tuple[list[Property], int]:
    """Properties for quota and period in microseconds (0: unset), and the quota rounded up to whole percents."""
    properties: list[Property] = []
    if not quota and not period:
        return properties, quota
    if period and systemd_version >= HAS_QUOTA_PERIOD:
        properties.append(("CPUQuotaPeriodUSec", ("t", period)))
    per_second = INFINITY
    if quota > 0:
        period = period or DEFAULT_PERIOD
        per_second = quota * 1000000 // period
        if per_second % QUOTA_STEP:
            per_second = (per_second // QUOTA_STEP + 1) * QUOTA_STEP
            quota = per_second * period // 1000000
    properties.append(("CPUQuotaPerSecUSec", ("t", per_second)))
    return properties, quota


def cpu_bits(text: str, where: str) -> bytes:
    """`0-2,5` as the bits that AllowedCPUs takes, the lowest first."""
    try:
        numbers = parse_list(text.replace(" ", ""))
    except ValueError:
        numbers = []
    if not numbers:
        raise InvalidArgument(f"{where}: conversion error: {text!r} is not a list such as 0-2,5")
    bits = sum(1 << number for number in set(numbers))
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def unified_properties(unified: Mapping[str, str], systemd_version: int) -> list[Property]:
    """Properties for those files that systemd has one for; the others are only written."""
    properties: list[Property] = []
    idle = unified.get("cpu.idle", "").strip() == "1" and systemd_version >= HAS_IDLE
    for name, text in unified.items():
        where, value = f'linux.resources.unified["{name}"]', text.strip()
        if name == "cpu.idle" and idle:
            properties.append(("CPUWeight", ("t", 0)))
        elif name == "cpu.weight" and not idle:
            properties.append(("CPUWeight", ("t", _number(value, where))))
        elif name == "cpu.max":
            quota, _, period = value.partition(" ")
            numbers = (
                0 if quota == "max" else _number(quota, where),
                _number(period or str(DEFAULT_PERIOD), where),
            )
            properties += cpu_quota(*numbers, systemd_version)[0]
        elif name in {"cpuset.cpus", "cpuset.mems"} and systemd_version >= HAS_CPUSET:
            key = "AllowedCPUs" if name == "cpuset.cpus" else "AllowedMemoryNodes"
            properties.append((key, ("ay", cpu_bits(value, where))))
        elif name in UNIFIED_NUMBERS:
            number = INFINITY if value == "max" else _number(value, where)
            properties.append(
                (UNIFIED_NUMBERS[name], ("t", max(number, 1) if name == "pids.max" else number))
            )
    return properties


def _number(text: str, where: str) -> int:
    if not text.isdigit():
        raise InvalidArgument(f"{where}: value conversion error: {text!r}")
    return int(text)


def oom_policy(unified: Mapping[str, str], systemd_version: int) -> list[Property]:
    """memory.oom.group must be known when the unit starts; systemd does not change it later."""
    policy = {"0": "continue", "1": "kill"}.get(unified.get("memory.oom.group", "").strip())
    if policy is None or systemd_version < HAS_OOM_POLICY:
        return []
    return [("OOMPolicy", ("s", policy))]


def device_properties(rules: Iterable[DeviceRule], systemd_version: int) -> list[Property]:
    """DevicePolicy and DeviceAllow; rules that systemd cannot express are set by our own filter alone."""
    wanted = RuleSet.of(rules)
    if wanted.default_allow and not wanted.exceptions:
        return [("DeviceAllow", ("a(ss)", [])), ("DevicePolicy", ("s", "auto"))]
    # The empty list clears what an existing unit has.
    properties: list[Property] = [("DeviceAllow", ("a(ss)", [])), ("DevicePolicy", ("s", "strict"))]
    if wanted.default_allow:
        return properties
    entries = []
    for rule in wanted.reduced():
        kind = "block" if rule.type == "b" else "char"
        if rule.major == ANY and rule.minor == ANY:
            entries.append((f"{kind}-*", rule.access))
        elif rule.minor == ANY and systemd_version >= HAS_DEVICE_MAJORS:
            entries.append((f"{kind}-{rule.major}", rule.access))
        elif ANY not in (rule.major, rule.minor):
            entries.append((f"/dev/{kind}/{rule.major}:{rule.minor}", rule.access))
    return [*properties, ("DeviceAllow", ("a(ss)", entries))]
