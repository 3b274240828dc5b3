"""`compile_filter`: the BPF program of a linux.seccomp section, from the cache or from libseccomp.

A profile is compiled once for a kernel and a libseccomp. The common way here is the hit: it reads one file and
imports nothing; `compiler`, which loads libseccomp, is imported only when the cache does not have it.
"""

from __future__ import annotations

import posix
import sys

from ..record import Record
from .cache import FilterCache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 1  # of what is compiled from a profile: another number makes every cached filter stale
COMPILED_FROM = ("defaultAction", "defaultErrnoRet", "architectures", "flags", "syscalls")
SECCOMP_FILTER_FLAG_NEW_LISTENER = 8


class CompiledFilter(Record):
    """What `load_seccomp` needs, and what the caller should hear.

    instructions: an array of struct sock_filter (linux/filter.h), in the host's byte order.
    flags: SECCOMP_FILTER_FLAG_* bits for seccomp(2), with NEW_LISTENER if `listener`.
    listener: a rule has SCMP_ACT_NOTIFY, so the kernel gives a notify descriptor, which goes to listener_path.
    warnings: what was left out, and why; of interest for debugging, since profiles name syscalls of all kernels.
    """

    instructions: bytes
    flags: int
    listener: bool
    listener_path: str | None
    listener_metadata: str
    warnings: tuple[str, ...]


def compile_filter(profile: dict[str, Any], cache_directory: str | None) -> CompiledFilter | None:
    """Compiles a profile (runtime-spec 1.3, config-linux.md, Seccomp) as runc does.

    Args:
        profile: the tree of linux.seccomp.
        cache_directory: where compiled filters are kept, made here with mode 0700; None keeps none. One that others
            may write to, or that cannot be made, is not used, and a warning says so.

    Returns:
        None if the profile switches seccomp off: no default action, and no syscalls.

    Raises:
        InvalidArgument: the profile is wrong; the text names the JSON path.
        Unsupported: libseccomp is not installed, or it or the kernel lacks what the profile asks for.
    """
    if not profile.get("defaultAction") and not profile.get("syscalls"):
        return None
    key = cache_key(profile)
    cache = None if cache_directory is None else FilterCache(cache_directory)
    compiled = None if cache is None else cache.read(key)
    if compiled is None:
        from .compiler import compile_profile

        compiled, library = compile_profile(profile)
        if cache is not None:
            cache.write(key, compiled, library)
    instructions, flags, warnings = compiled
    listener = flags & SECCOMP_FILTER_FLAG_NEW_LISTENER != 0
    path = profile.get("listenerPath") or None
    if listener and path is None:
        _refuse_missing_listener()
    if cache is not None and cache.refusal:
        warnings = (*warnings, f"the seccomp cache is not used: {cache.refusal}")
    metadata = profile.get("listenerMetadata") or ""
    return CompiledFilter(instructions, flags, listener, path if listener else None, metadata, warnings)


def cache_key(profile: dict[str, Any]) -> bytes:
    """Everything that a filter is compiled from, except libseccomp, which each entry names itself.

    The listener is left out: its metadata differs from container to container. `repr` of a JSON tree tells every
    value from every other, is the same in every process, and is made in C: 0.1 ms for Docker's profile.
    """
    uname = posix.uname()
    parts = [profile.get(name) for name in COMPILED_FROM]
    return repr((FORMAT, uname.release, uname.machine, sys.maxsize, sys.byteorder, parts)).encode()


def _refuse_missing_listener() -> None:
    from ..errors import InvalidArgument

    raise InvalidArgument("linux.seccomp.listenerPath: SCMP_ACT_NOTIFY needs a listener, and none is given")
