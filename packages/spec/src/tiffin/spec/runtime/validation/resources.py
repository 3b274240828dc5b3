"""Rules of `linux.resources`."""

from __future__ import annotations

from tiffin.spec.runtime.validation.problem import WARNING, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.spec.runtime.validation.problem import Tree

_DEVICES = "config-linux.md: Allowed Device list"
_MEMORY = "config-linux.md: Memory"
_CPU = "config-linux.md: CPU"
_BLOCK_IO = "config-linux.md: Block IO"
_HUGE_PAGES = "config-linux.md: Huge page limits"


def devices(resources: Tree, prefix: str) -> Iterator[Problem]:
    for index, rule in enumerate(resources.get("devices") or ()):
        where = f"{prefix}devices[{index}]"
        access = rule.get("access")
        if not access:
            yield Problem(where + ".access", "is empty", "device-rules.access", _DEVICES)
        elif access.strip("rwm"):
            message = f"{access!r} is not made of r, w and m"
            yield Problem(where + ".access", message, "device-rules.letters", _DEVICES, WARNING)
        for name in ("major", "minor"):
            number = rule.get(name)
            if isinstance(number, int) and number < -1:
                yield Problem(f"{where}.{name}", f"{number} is below -1", "device-rules.number", _DEVICES)


def memory(resources: Tree, prefix: str) -> Iterator[Problem]:
    memory = resources.get("memory")
    if not memory:
        return
    where = prefix + "memory."
    for name in ("limit", "reservation", "swap", "kernel", "kernelTCP"):
        value = memory.get(name)
        if isinstance(value, int) and value < -1:
            message = f"{value} is neither a size nor -1 (unlimited)"
            yield Problem(where + name, message, "memory.size", _MEMORY)
    limit, swap = memory.get("limit") or 0, memory.get("swap") or 0
    if 0 < swap < limit:
        message = f"{swap} is memory and swap together, but is below limit, {limit}"
        yield Problem(where + "swap", message, "memory.swap", _MEMORY)
    if swap > 0 and limit <= 0:
        message = "means nothing without a limit"
        yield Problem(where + "swap", message, "memory.swap.alone", _MEMORY)
    if (memory.get("swappiness") or 0) > 100:
        yield Problem(where + "swappiness", "is not from 0 to 100", "memory.swappiness", _MEMORY)


def cpu(resources: Tree, prefix: str) -> Iterator[Problem]:
    cpu = resources.get("cpu")
    if not cpu:
        return
    where = prefix + "cpu."
    quota, burst = cpu.get("quota") or 0, cpu.get("burst") or 0
    if 0 < quota < burst:
        yield Problem(where + "burst", f"{burst} is above quota, {quota}", "cpu.burst", _CPU)
    if 0 < quota < 1000:
        yield Problem(where + "quota", f"{quota} is below a millisecond", "cpu.quota", _CPU)
    period = cpu.get("period") or 0
    if period and not 1000 <= period <= 1_000_000:
        yield Problem(where + "period", f"{period} is not from 1000 to 1000000", "cpu.period", _CPU)
    if cpu.get("cpus") or cpu.get("mems"):
        from tiffin.spec.runtime.validation.values import is_number_list

        for name in ("cpus", "mems"):
            text = cpu.get(name)
            if isinstance(text, str) and not is_number_list(text):
                yield Problem(where + name, f"{text!r} is no list such as 0-3,7", "cpu.list", _CPU)
    if cpu.get("idle") not in (None, 0, 1):
        yield Problem(where + "idle", "is neither 0 nor 1", "cpu.idle", _CPU)


def block_io(resources: Tree, prefix: str) -> Iterator[Problem]:
    """Weights are from 10 to 1000; 0 leaves them alone."""
    block_io = resources.get("blockIO")
    if not block_io:
        return
    where = prefix + "blockIO."
    weights = {name: block_io.get(name) for name in ("weight", "leafWeight")}
    for index, device in enumerate(block_io.get("weightDevice") or ()):
        own = {name: device.get(name) for name in ("weight", "leafWeight")}
        if not any(own.values()):
            message = "has neither weight nor leafWeight"
            yield Problem(f"{where}weightDevice[{index}]", message, "block-io.device", _BLOCK_IO, WARNING)
        weights |= {f"weightDevice[{index}].{name}": value for name, value in own.items()}
    for name, value in weights.items():
        if isinstance(value, int) and value and not 10 <= value <= 1000:
            yield Problem(
                where + name, f"{value} is not from 10 to 1000", "block-io.weight", _BLOCK_IO, WARNING
            )


def huge_pages(resources: Tree, prefix: str) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, limit in enumerate(resources.get("hugepageLimits") or ()):
        size = limit.get("pageSize")
        if size is None:
            continue
        where = f"{prefix}hugepageLimits[{index}].pageSize"
        number = size[:-2]
        if (
            size[-2:] not in ("KB", "MB", "GB")
            or not (number.isascii() and number.isdigit())
            or number[0] == "0"
        ):
            yield Problem(where, f"{size!r} is not a size such as 2MB", "huge-pages.size", _HUGE_PAGES)
        elif size in seen:
            message = f"{size} is also in hugepageLimits[{seen[size]}]"
            yield Problem(where, message, "huge-pages.unique", _HUGE_PAGES, WARNING)
        seen[size] = index


def rdma(resources: Tree, prefix: str) -> Iterator[Problem]:
    for name, limits in (resources.get("rdma") or {}).items():
        if limits.get("hcaHandles") is None and limits.get("hcaObjects") is None:
            message = "has neither hcaHandles nor hcaObjects"
            where = f'{prefix}rdma["{name}"]'
            yield Problem(where, message, "rdma.limits", "config-linux.md: RDMA", WARNING)


def unified(resources: Tree, prefix: str) -> Iterator[Problem]:
    """Each key is the name of a file in the cgroup's directory, and of nothing outside it."""
    for name in resources.get("unified") or {}:
        if "/" in name or name in ("", ".", ".."):
            where = f'{prefix}unified["{name}"]'
            yield Problem(where, "is no name of a file", "unified.name", "config-linux.md: Unified")


RULES = (devices, memory, cpu, block_io, huge_pages, rdma, unified)
