"""An interpreter of seccomp's BPF in Python, from the kernel's documentation (bpf(2)'s classic ancestor,
Documentation/networking/filter.rst): what a filter answers for an architecture, a number and arguments."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

AUDIT_ARCH_X86_64 = 0xC000003E
AUDIT_ARCH_I386 = 0x40000003
WORD = 0xFFFFFFFF
COMPARE: dict[int, Callable[[int, int], bool]] = {
    0x15: lambda a, k: a == k,
    0x25: lambda a, k: a > k,
    0x35: lambda a, k: a >= k,
    0x45: lambda a, k: bool(a & k),
}


def evaluate(program: bytes, architecture: int, number: int, arguments: Sequence[int] = ()) -> int:
    """The SECCOMP_RET_* value. Raises AssertionError for what the kernel's checker would refuse."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=iIQ6Q", number if number < 1 << 31 else number - (1 << 32), architecture, 0, *padded)
    instructions = list(struct.iter_unpack("=HBBI", program))
    accumulator = counter = 0
    while True:
        assert counter < len(instructions), "the program runs out of its end"
        code, if_true, if_false, k = instructions[counter]
        counter += 1
        if code == 0x06:
            return int(k)
        if code == 0x20:
            assert k in range(0, len(data), 4), f"a load from {k}"
            (accumulator,) = struct.unpack_from("=I", data, k)
        elif code == 0x05:
            counter += k
        elif code == 0x54:
            accumulator &= k
        else:
            assert code in COMPARE, f"code {code:#x}"
            counter += if_true if COMPARE[code](accumulator, k) else if_false
