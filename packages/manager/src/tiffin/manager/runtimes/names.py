"""Finds a shim's program by the name of its runtime, as containerd does.

`io.containerd.runc.v2` is the program `containerd-shim-runc-v2`, in $PATH or beside the daemon's own program. A runtime
may also be an absolute path.
"""

from __future__ import annotations

import os
import shutil
import sys

from tiffin.runtime.errors import InvalidArgument, NotFound


def program_name(runtime: str) -> str:
    """`containerd-shim-<name>-<version>`, of the last two parts of the name. Raises InvalidArgument."""
    parts = runtime.split(".")
    if len(parts) < 2 or not parts[0] or "/" in runtime:
        raise InvalidArgument(
            f"invalid runtime name {runtime!r}: expected one like io.containerd.runc.v2, or a shim's path"
        )
    return f"containerd-shim-{parts[-2]}-{parts[-1]}"


def find_program(runtime: str) -> str:
    """The path of the program.

    Raises:
        InvalidArgument: it is no name of a runtime.
        NotFound: there is no such program.
    """
    if os.path.isabs(runtime):
        if not os.path.exists(runtime):
            raise NotFound(f"there is no shim at {runtime!r}")
        return runtime
    name = program_name(runtime)
    beside = os.path.dirname(os.path.abspath(sys.argv[0] or sys.executable))
    found = shutil.which(name) or shutil.which(name, path=f"{beside}:{os.path.dirname(sys.executable)}")
    if found is None:
        raise NotFound(f"runtime {runtime!r}: there is no {name} in $PATH")
    return os.path.abspath(found)
