"""What a disk was asked for, in its order, and the disk as it may be after the power went at any moment.

A write counts as on the disk once a flush came after it; of those since the last flush each may be there or not, also
in part. Source: the kernel's Documentation/admin-guide/device-mapper/log-writes.rst, whose format qemu's driver
`blklogwrites` writes.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from pathlib import Path

MAGIC, VERSION = 0x6A736677736872, 1
SUPER, ENTRY = struct.Struct("<QQQI"), struct.Struct("<QQQQ")
FLUSH, FUA, DISCARD = 1, 2, 4
SECTOR = 512
BLOCK = 4096  # what a disk writes wholly or not at all


@dataclass(frozen=True)
class Request:
    """position: where it begins in the log. offset: on the disk, in bytes. data: what to write; "" for a flush."""

    position: int
    offset: int
    data: bytes
    flushes: bool


def read_log(path: Path) -> list[Request]:
    """All requests."""
    log = path.read_bytes()
    magic, version, count, sector = SUPER.unpack_from(log)
    assert (magic, version, sector) == (MAGIC, VERSION, SECTOR)
    found = []
    position = SECTOR
    for _ in range(count):
        first, sectors, flags, _ = ENTRY.unpack_from(log, position)
        start = position + SECTOR
        size = sectors * SECTOR
        data = bytes(size) if flags & DISCARD else log[start : start + size]
        found.append(Request(position, first * SECTOR, data, bool(flags & (FLUSH | FUA))))
        position = start + (0 if flags & DISCARD else size)
    return found


class Disk:
    """A disk image that takes requests in their order.

    durable: what was flushed. pending: what was not.
    """

    def __init__(self, size: int) -> None:
        self.durable = bytearray(size)
        self.pending: list[Request] = []

    def take(self, request: Request) -> None:
        """The next one."""
        self.pending.append(request)
        if request.flushes:
            for each in self.pending:
                self.durable[each.offset : each.offset + len(each.data)] = each.data
            self.pending.clear()

    def after_power_loss(self, chance: random.Random, share: float) -> bytearray:
        """What is there when the power goes now. share: of what was not flushed, how much is there all the same."""
        disk = bytearray(self.durable)
        for each in self.pending:
            for start in range(0, len(each.data), BLOCK):
                if chance.random() < share:
                    piece = each.data[start : start + BLOCK]
                    disk[each.offset + start : each.offset + start + len(piece)] = piece
        return disk
