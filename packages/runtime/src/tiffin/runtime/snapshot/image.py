"""The image: a file that front/resume.c checks, maps, and goes on from. front/image.h has the same layout.

head   magic[16] boot[40], then numbers of 64 bits: how many files, mapped files and areas, where the pages begin, from
       where to where the kernel's mappings are, where the vdso, the size of it all, the registers
files  device inode size mtime_ns path     first those that areas are mapped from; the image holds for these alone
areas  start end protection source offset  source: number of a file, or FROM_IMAGE, ZEROS, KERNEL
paths  each with a \\0 behind it
pages  from a multiple of the page's size
"""

from __future__ import annotations

import os
import struct

from ..record import Record
from .areas import PAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .areas import Area
    from .areas import Mapping as MemoryMapping

MAGIC = b"tiffin-snapshot1"
FROM_IMAGE = (1 << 64) - 1
ZEROS = (1 << 64) - 2
KERNEL = (1 << 64) - 3
HEAD = struct.Struct("<16s40s8Q")
NUMBERS = struct.Struct("<5Q")  # of a file, or of an area


class Image(Record):
    """What an image is made of.

    boot: /proc/sys/kernel/random/boot_id. registers: struct user_regs_struct. kernel: the kernel's mappings.
    files: all that the image holds for, beside the ones that areas come from; as they were before the template read
        them, so that one that was changed meanwhile makes the image worthless.
    """

    boot: str
    registers: bytes
    kernel: Sequence[MemoryMapping]
    areas: Sequence[Area]
    files: Mapping[str, os.stat_result]


def encode_image(image: Image) -> Iterator[bytes]:
    """The file's bytes, in parts.

    Raises:
        OSError: a file has gone.
    """
    mapped = list(dict.fromkeys(area.path for area in image.areas if area.path))
    files = [*mapped, *(path for path in image.files if path not in mapped)]
    statuses = [image.files[path] if path in image.files else os.stat(path) for path in files]
    encoded = [os.fsencode(path) + b"\0" for path in files]
    size = (
        HEAD.size + len(image.registers) + NUMBERS.size * (len(files) + len(image.kernel) + len(image.areas))
    )
    pages = _round_up(size + sum(map(len, encoded)))
    table = [
        *_file_table(statuses, encoded, size),
        *_kernel_table(image.kernel),
        *_area_table(image.areas, mapped),
    ]
    vdso = next(mapping.start for mapping in image.kernel if mapping.path == "[vdso]")
    first, last = image.kernel[0].start, image.kernel[-1].end
    whole = pages + sum(len(area.data) for area in image.areas)
    counts = len(files), len(mapped), len(image.kernel) + len(image.areas)
    head = HEAD.pack(MAGIC, image.boot.encode(), *counts, pages, first, last, vdso, whole)
    yield b"".join((head, image.registers, *table, *encoded)).ljust(pages, b"\0")
    yield from (area.data for area in image.areas)


def _file_table(statuses: Sequence[os.stat_result], encoded: Sequence[bytes], start: int) -> Iterator[bytes]:
    for status, text in zip(statuses, encoded, strict=True):
        yield NUMBERS.pack(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, start)
        start += len(text)


def _kernel_table(mappings: Sequence[MemoryMapping]) -> Iterator[bytes]:
    for mapping in mappings:
        yield NUMBERS.pack(mapping.start, mapping.end, mapping.protection, KERNEL, 0)


def _area_table(areas: Sequence[Area], mapped: Sequence[str]) -> Iterator[bytes]:
    at = 0
    for area in areas:
        if area.path:
            source, offset = mapped.index(area.path), area.offset
        elif area.data:
            source, offset = FROM_IMAGE, at
            at += len(area.data)
        else:
            source, offset = ZEROS, 0
        yield NUMBERS.pack(area.start, area.end, area.protection, source, offset)


def _round_up(size: int) -> int:
    return (size + PAGE - 1) // PAGE * PAGE
