"""blkio (v1) and io (v2): weights, and rates of reads and writes for each device.

The files of the weights depend on the kernel's I/O scheduler: CFQ's were `blkio.weight`, BFQ's have `bfq` in them.
Sources: cgroup-v1/blkio-controller.rst, block/bfq-iosched.rst, cgroup-v2.rst; runtime-spec, "Block IO".
"""

from __future__ import annotations

from ..files import exists, nearest_existing, read_text
from . import setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ...plan.operation import Operation

# Key in blockIO, the file's end in cgroup v1, the key in io.max of cgroup v2.
THROTTLES = (
    ("throttleReadBpsDevice", "read_bps_device", "rbps"),
    ("throttleWriteBpsDevice", "write_bps_device", "wbps"),
    ("throttleReadIOPSDevice", "read_iops_device", "riops"),
    ("throttleWriteIOPSDevice", "write_iops_device", "wiops"),
)


def v1(directory: str, block_io: Mapping[str, Any]) -> list[Operation]:
    """The files of cgroup v1."""
    # A cgroup that does not exist yet will have its parent's files, but for those that the root lacks.
    model = nearest_existing(directory)
    name = "blkio.weight" if exists(f"{model}/blkio.weight") else "blkio.bfq.weight"
    operations = []
    if block_io.get("weight"):
        operations.append(setting(directory, name, block_io["weight"], "blockIO.weight"))
    if block_io.get("leafWeight"):
        operations.append(
            setting(directory, "blkio.leaf_weight", block_io["leafWeight"], "blockIO.leafWeight")
        )
    for index, device in enumerate(block_io.get("weightDevice") or ()):
        where = f"blockIO.weightDevice[{index}]"
        for key, file in (("weight", f"{name}_device"), ("leafWeight", "blkio.leaf_weight_device")):
            if device.get(key):
                operations.append(
                    setting(directory, file, f"{_number(device)} {device[key]}", f"{where}.{key}")
                )
    for key, file, _ in THROTTLES:
        for index, device in enumerate(block_io.get(key) or ()):
            value = f"{_number(device)} {device['rate']}"
            operations.append(
                setting(directory, f"blkio.throttle.{file}", value, f"blockIO.{key}[{index}].rate")
            )
    return operations


def v2(directory: str, block_io: Mapping[str, Any]) -> list[Operation]:
    """The files of cgroup v2; it has no leaf weights."""
    operations = _v2_weights(directory, block_io)
    for key, _, name in THROTTLES:
        for index, device in enumerate(block_io.get(key) or ()):
            value = f"{_number(device)} {name}={device['rate']}"
            operations.append(setting(directory, "io.max", value, f"blockIO.{key}[{index}].rate"))
    return operations


def _v2_weights(directory: str, block_io: Mapping[str, Any]) -> list[Operation]:
    weight, devices = block_io.get("weight") or 0, block_io.get("weightDevice") or ()
    if not weight and not devices:
        return []
    operations = []
    bfq = _v2_model(directory)
    if weight and bfq:
        operations.append(setting(directory, "io.bfq.weight", weight, "blockIO.weight"))
    elif weight:
        operations.append(setting(directory, "io.weight", weight_from_blkio(weight), "blockIO.weight"))
    # Before Linux 5.4 the file held nothing but the default weight, and took no devices.
    if bfq and "default" in (read_text(f"{bfq}/io.bfq.weight") or "default"):
        for index, device in enumerate(devices):
            value = f"{_number(device)} {device.get('weight') or 0}\n"
            operations.append(
                setting(directory, "io.bfq.weight", value, f"blockIO.weightDevice[{index}].weight")
            )
    return operations


def _v2_model(directory: str) -> str | None:
    """A cgroup that shows that BFQ's file is there: this one, or while it does not exist a neighbour."""
    if exists(directory):
        return directory if exists(f"{directory}/io.bfq.weight") else None
    parent = nearest_existing(directory)
    if exists(f"{parent}/io.bfq.weight"):
        return parent
    from posix import scandir

    with scandir(parent) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and exists(f"{entry.path}/io.stat"):
                return entry.path if exists(f"{entry.path}/io.bfq.weight") else None
    return parent if exists("/sys/module/bfq") else None


def weight_from_blkio(weight: int) -> int:
    """blkio.weight of v1 (10 to 1000) as io.weight of v2 (1 to 10000), linearly."""
    return 1 + (weight - 10) * 9999 // 990 if weight else 0


def _number(device: Mapping[str, Any]) -> str:
    return f"{device['major']}:{device['minor']}"
