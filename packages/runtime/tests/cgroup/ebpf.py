"""A small interpreter of eBPF, as far as device programs use it (the kernel's instruction-set.rst)."""

from __future__ import annotations

import struct
from typing import NamedTuple

U32, U64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


class Access(NamedTuple):
    """What a process wants of a device: the program's context."""

    type: str
    major: int
    minor: int
    wanted: str

    def context(self) -> bytes:
        """struct bpf_cgroup_dev_ctx."""
        access = sum({"m": 1, "r": 2, "w": 4}[letter] for letter in self.wanted)
        return struct.pack("=III", access << 16 | {"b": 1, "c": 2}[self.type], self.major, self.minor)


def allows(program: bytes, access: Access) -> bool:  # noqa: C901, PLR0912  # a case for each instruction
    """Runs the program; raises ValueError for anything that the kernel would not take."""
    context = access.context()
    registers: list[int | None] = [None] * 11
    registers[1] = 0  # the context's address: offset 0 of it
    pointer = {1}
    position, steps = 0, 0
    while True:
        steps += 1
        if steps > len(program):
            raise ValueError("the program does not end")
        if not 0 <= position < len(program) // 8:
            raise ValueError("a jump leads out of the program")
        code, both, offset, immediate = struct.unpack_from("=BBhi", program, position * 8)
        target, source = (both & 15, both >> 4) if struct.pack("=H", 1)[0] else (both >> 4, both & 15)
        position += 1
        if code == 0x95:  # exit
            if registers[0] not in (0, 1):
                raise ValueError("the result is neither 0 nor 1")
            return registers[0] == 1
        if code == 0x61:  # target = *(u32 *)(source + offset)
            if source not in pointer or offset not in (0, 4, 8):
                raise ValueError("a read outside of the context")
            (registers[target],) = struct.unpack_from("=I", context, offset)
            pointer.discard(target)
        elif code in {0x54, 0x74, 0xB4}:  # and, shift right, move: 32 bits, with a number
            old = registers[target] if code != 0xB4 else 0
            if old is None or (target in pointer and code != 0xB4):
                raise ValueError("a register without a number")
            new = {0x54: old & immediate, 0x74: (old & U32) >> (immediate & 31), 0xB4: immediate}[code]
            registers[target] = new & U32
            pointer.discard(target)
        elif code == 0xBC:  # move of 32 bits from a register
            registers[target] = _number(registers[source], source in pointer) & U32
            pointer.discard(target)
        elif code in {0x55, 0x5D}:  # jump if not equal, 64 bits
            left = _number(registers[target], target in pointer)
            other = immediate & U64 if code == 0x55 else _number(registers[source], source in pointer)
            if left != other:
                position += offset
        else:
            raise ValueError(f"unknown instruction {code:#x}")


def _number(value: int | None, pointer: bool) -> int:  # noqa: FBT001
    if value is None or pointer:
        raise ValueError("a register without a number")
    return value
