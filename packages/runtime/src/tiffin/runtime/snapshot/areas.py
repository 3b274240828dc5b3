"""The memory of a stopped process, as areas that are mapped again from a file, from the image, or as zeros.

proc_pid_maps(5) lists the mappings. What still equals its file is mapped from there, so that it is shared with every
other interpreter; pages of nothing but zeros are not kept. The kernel's own mappings (vvar, vdso) are told apart: the
front has them too, at another address.
"""

from __future__ import annotations

import os

from ..record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = 4096
SHORT = 32  # pages: fewer zeros than this stay with what is around them, since a mapping has its price
STACK_SIZE = 8 << 20
KERNEL_NAMES = frozenset(("[vvar]", "[vvar_vclock]", "[vdso]"))
VSYSCALL = "[vsyscall]"  # is where it is, in every process
READ, WRITE, EXECUTE = 1, 2, 4  # PROT_READ and so on


class Mapping(Record):
    """A line of /proc/PID/maps. path: of a file, or a name in brackets, or ""."""

    start: int
    end: int
    permissions: str
    offset: int
    path: str

    @property
    def protection(self) -> int:
        letters = zip("rwx", (READ, WRITE, EXECUTE), strict=True)
        return sum(bit for letter, bit in letters if letter in self.permissions)


class Area(Record):
    """Memory of one source: a file at an offset, `data` of the image, or, with neither, zeros."""

    start: int
    end: int
    protection: int
    path: str = ""
    offset: int = 0
    data: bytes = b""


def read_mappings(pid: int) -> list[Mapping]:
    """All mappings of a process but [vsyscall]."""
    with open(f"/proc/{pid}/maps", "rb") as file:
        found = [_mapping(os.fsdecode(line)) for line in file]
    return [mapping for mapping in found if mapping.path != VSYSCALL]


def _mapping(line: str) -> Mapping:
    span, permissions, offset, _, _, *path = line.rstrip("\n").split(maxsplit=5)
    start, end = (int(number, 16) for number in span.split("-"))
    return Mapping(start, end, permissions, int(offset, 16), path[0] if path else "")


def kernel_mappings(mappings: list[Mapping]) -> list[Mapping]:
    """The kernel's own, which follow each other."""
    return [mapping for mapping in mappings if mapping.path in KERNEL_NAMES]


def read_areas(mappings: list[Mapping], memory: int) -> Iterator[Area]:
    """The areas of all other mappings, ascending.

    Args:
        memory: descriptor of /proc/PID/mem.
    """
    end = 0
    for mapping in mappings:
        if (
            mapping.path == "[stack]"
        ):  # grows no more as it did: all that it may need is there from the beginning
            yield Area(max(end, mapping.end - STACK_SIZE), mapping.start, mapping.protection)
        if mapping.path not in KERNEL_NAMES:
            yield from _areas(mapping, memory)
        end = mapping.end


def _areas(mapping: Mapping, memory: int) -> Iterator[Area]:
    size = mapping.end - mapping.start
    if not mapping.protection:  # a gap that nobody may use
        yield Area(mapping.start, mapping.end, 0)
        return
    data = os.pread(memory, size, mapping.start)
    if "w" not in mapping.permissions and _equals_file(mapping, data):
        yield Area(mapping.start, mapping.end, mapping.protection, mapping.path, mapping.offset)
        return
    for first, last, zeros in _runs(data):
        start, end = mapping.start + first, mapping.start + last
        yield Area(start, end, mapping.protection, data=b"" if zeros else data[first:last])


def _equals_file(mapping: Mapping, data: bytes) -> bool:
    if not mapping.path.startswith("/"):
        return False
    try:
        with open(mapping.path, "rb") as file:
            file.seek(mapping.offset)
            return file.read(len(data)).ljust(len(data), b"\0") == data
    except FileNotFoundError:  # replaced since: its path ends with " (deleted)"
        return False


def _runs(data: bytes) -> Iterator[tuple[int, int, bool]]:
    """The data in parts: from, to (offsets), and whether it is all zeros."""
    first = 0
    for begin, end in _long_zeros(data):
        if begin > first:
            yield first, begin, False
        yield begin, end, True
        first = end
    if first < len(data):
        yield first, len(data), False


def _long_zeros(data: bytes) -> Iterator[tuple[int, int]]:
    """Where many pages of zeros follow each other."""
    zero = bytes(PAGE)
    begin = 0
    for at in range(0, len(data) + PAGE, PAGE):
        if data[at : at + PAGE] != zero:  # or there is no more
            if at - begin >= SHORT * PAGE:
                yield begin, at
            begin = at + PAGE
