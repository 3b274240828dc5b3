"""What ps(1) shows of a shim: the words that the real one has. A forked process would show those of whoever forked it.

The kernel reads a process's words from its own memory, where we may write. Nothing depends on it, so nothing fails.

Source: proc(5): /proc/PID/cmdline, /proc/PID/stat; fs/proc/base.c (get_mm_cmdline): words that have lost their last NUL
go on, as one text, into the environment that the process was started with.
"""

from __future__ import annotations

import contextlib
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND = "containerd-shim"  # as the kernel cuts the real one's name: 15 bytes
ARG_START, ARG_END, ENV_END = 48, 49, 51  # fields of /proc/PID/stat, from 1


def set_title(words: Sequence[str]) -> None:
    """Shows these words for this process."""
    encoded = [word.encode("utf-8", "surrogateescape") for word in words]
    with contextlib.suppress(OSError, ValueError):  # no /proc, or a kernel that does not let us
        with open("/proc/self/comm", "w") as stream:
            stream.write(COMMAND)
        with open("/proc/self/stat") as stream:
            fields = ["", "", *stream.read().rpartition(")")[2].split()]
        start, end, environment_end = (int(fields[number - 1]) for number in (ARG_START, ARG_END, ENV_END))
        memory = os.open("/proc/self/mem", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.pwrite(memory, _laid_out(encoded, end - start, environment_end - start), start)
        finally:
            os.close(memory)


def _laid_out(words: Sequence[bytes], size: int, most: int) -> bytes:
    """Words with a NUL after each, if they fit; else one text, as long as the environment's room allows."""
    whole = b"".join(word + b"\0" for word in words)
    if len(whole) <= size:
        return whole.ljust(size, b"\0")
    return b" ".join(words)[: most - 1] + b"\0"
