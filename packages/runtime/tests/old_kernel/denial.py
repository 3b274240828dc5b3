"""System calls that are not there, or not allowed: a filter around the runtime (deny.c) and all that it starts."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tiffin.runtime.seccomp.library import Library
from tiffin_testing.oci_runtime import OCIRuntime

SOURCE = Path(__file__).parent / "deny.c"


def build_deny(folder: Path) -> Path:
    """Compiles deny.c; returns the program."""
    program = folder / "deny"
    command: list[str | Path] = ["gcc", "-O1", "-Wall", "-Wextra", "-Werror", "-o", program, SOURCE]
    subprocess.run(command, check=True, timeout=60)
    return program


@dataclass(frozen=True)
class Denial:
    """Some system calls that answer with an error.

    Args:
        program: the compiled deny.c.
        calls: their names; `clone:0x10000000` is denied only if the first argument has this bit.
        number: the errno.
    """

    program: Path
    calls: tuple[str, ...]
    number: int = errno.ENOSYS

    def command(self, command: Sequence[str]) -> list[str]:
        """A command that runs another one under the filter."""
        return [str(self.program), str(self.number), *map(_rule, self.calls), "--", *command]

    def around(self, runtime: OCIRuntime) -> OCIRuntime:
        """The same runtime under the filter, with the same state."""
        return OCIRuntime(self.command(runtime.command), runtime.root, list(runtime.options))


def only_ours(runtime: OCIRuntime, why: str) -> None:
    """Skips the test for a peer that is known not to do it."""
    if runtime.name == "runc":
        pytest.skip(why)


def _rule(call: str) -> str:
    name, colon, mask = call.partition(":")
    number = Library().syscall(name)
    assert number is not None, name
    assert number >= 0, name
    return f"{number}{colon}{mask}"
