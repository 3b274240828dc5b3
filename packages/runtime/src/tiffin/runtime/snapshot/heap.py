"""What the C library believes of the program break, brk(2), which is another one in a process that goes on.

There it is the front's. For glibc a break above the one that it asked for is a success, and malloc(3) would hand out
memory that is not there. So glibc is made to believe that the break is where nothing can follow: malloc(3) maps what it
needs. (musl compares exactly, and does the same by itself.)
"""

from __future__ import annotations

import ctypes
import os
import struct

from ..errors import OperationFailed
from .areas import read_mappings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .areas import Mapping

BREAK = "__curbrk"  # glibc's name of the variable
ADDRESS = struct.Struct("<Q")
NOWHERE = 0x7FFFFFFFF000  # the end of what a process can have


def forget_break(mappings: Sequence[Mapping], memory: int) -> None:
    """Changes the memory of the stopped template.

    Args:
        memory: descriptor of /proc/PID/mem.

    Raises:
        OperationFailed: the variable is not where it should be.
    """
    try:
        own = ctypes.addressof(ctypes.c_void_p.in_dll(ctypes.CDLL(None), BREAK))
    except ValueError:  # not glibc
        return
    place = _in_template(own, mappings)
    (found,) = ADDRESS.unpack(os.pread(memory, ADDRESS.size, place))
    if not any(heap.start <= found <= heap.end for heap in mappings if heap.path == "[heap]"):
        raise OperationFailed("the C library keeps the program break elsewhere")
    os.pwrite(memory, ADDRESS.pack(NOWHERE), place)


def _in_template(address: int, mappings: Sequence[Mapping]) -> int:
    """Where the template has what we have at this address: as far behind the beginning of the same library."""
    own = read_mappings(os.getpid())
    library = [one.path for one in own if one.start <= address and one.path.startswith("/")][-1]
    begin, there = (next(one.start for one in each if one.path == library) for each in (own, mappings))
    return there + address - begin
