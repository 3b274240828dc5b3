"""update: from a JSON document or from flags to resource limits."""

from __future__ import annotations

import sys

from ...errors import InvalidArgument
from ...lifecycle.config import decode_tree
from ...lifecycle.loaded import LoadedContainer
from ...lifecycle.update import refuse_resource_director, update
from ...state.files import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...lifecycle.settings import Settings
    from ..parse import Invocation, Options

# (flag, section of linux.resources, member, how its value is read)
MEMBERS = (
    ("blkio-weight", "blockIO", "weight", "integer"),
    ("cpu-period", "cpu", "period", "unsigned"),
    ("cpu-quota", "cpu", "quota", "integer"),
    ("cpu-burst", "cpu", "burst", "unsigned"),
    ("cpu-share", "cpu", "shares", "unsigned"),
    ("cpu-rt-period", "cpu", "realtimePeriod", "unsigned"),
    ("cpu-rt-runtime", "cpu", "realtimeRuntime", "integer"),
    ("cpuset-cpus", "cpu", "cpus", "text"),
    ("cpuset-mems", "cpu", "mems", "text"),
    ("cpu-idle", "cpu", "idle", "integer"),
    ("memory", "memory", "limit", "bytes"),
    ("memory-reservation", "memory", "reservation", "bytes"),
    ("memory-swap", "memory", "swap", "bytes"),
    ("pids-limit", "pids", "limit", "integer"),
)
IGNORED = ("kernel-memory", "kernel-memory-tcp")
MULTIPLES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}


def run_verb(settings: Settings, invocation: Invocation) -> int:
    flags = invocation.flags
    identifier = invocation.arguments[0]
    LoadedContainer(settings.root, identifier)  # a container that does not exist is the first thing to say
    if any(flags.given(name) for name in IGNORED):
        settings.log.warning("Kernel memory settings are ignored and will be removed")
    if flags.text("l3-cache-schema") or flags.text("mem-bw-schema"):
        refuse_resource_director(settings, identifier)
    source = flags.text("resources")
    update(settings, identifier, read_resources(source) if source else resources_of(flags))
    return 0


def read_resources(source: str) -> dict[str, Any]:
    """linux.resources from a file, or from standard input (`-`)."""
    data = sys.stdin.buffer.read() if source == "-" else read_file(source)
    tree = decode_tree(data, source="standard input" if source == "-" else source)
    if not isinstance(tree, dict):
        raise InvalidArgument(f"--resources {source}: not a JSON object")
    return tree


def resources_of(flags: Options) -> dict[str, Any]:
    """linux.resources from the flags that were given."""
    found: dict[str, Any] = {}
    for flag, section, member, kind in MEMBERS:
        if (
            not flags.given(flag)
            or flags.text(flag) == ""
            or (flag == "blkio-weight" and flags.integer(flag) == 0)
        ):
            continue
        found.setdefault(section, {})[member] = _value(flags.text(flag), kind, flag)
    return found


def _value(text: str, kind: str, flag: str) -> int | str:
    if kind == "text":
        return text
    try:
        number = parse_bytes(text) if kind == "bytes" else int(text)
    except ValueError:
        raise InvalidArgument(f"invalid value for {flag}: {text!r}") from None
    if kind == "unsigned" and number < 0:
        raise InvalidArgument(f"invalid value for {flag}: {text!r}")
    return number


def parse_bytes(text: str) -> int:
    """Bytes as docker and runc write them: 512, 64k, 1.5g, 20MiB (all in powers of 1024); -1 is no limit.

    Raises:
        ValueError: it is something else.
    """
    if text == "-1":
        return -1
    lowered = text.lower().removesuffix("b").removesuffix("i")
    unit = lowered[-1:] if lowered[-1:] in MULTIPLES else ""
    number = float(lowered.removesuffix(unit))
    if number < 0:
        raise ValueError(text)
    return int(number * MULTIPLES[unit])
