"""The probe, compiled and called: under a bare filter of ours, or in a container of a real runtime."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from packages.runtime.tests.seccomp.profiles import CALLS

from tiffin.runtime.seccomp.filter import compile_filter
from tiffin.runtime.seccomp.library import Library

SOURCE = Path(__file__).parent / "probe.c"
NEWER_THAN_LIBSECCOMP = {"mseal": 462}  # linux/unistd.h; the same on all architectures


def build_probe(folder: Path) -> Path:
    program = folder / "probe"
    command: list[str | Path] = [
        "gcc",
        "-O1",
        "-static",
        "-pthread",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-o",
        program,
        SOURCE,
    ]
    subprocess.run(command, check=True, timeout=60)
    return program


def call_lines() -> list[str]:
    """The table of calls as the probe reads it."""
    library = Library()
    lines = []
    for abi, name, arguments in CALLS:
        if name.isdigit() or name in NEWER_THAN_LIBSECCOMP:
            number: int | None = NEWER_THAN_LIBSECCOMP.get(name) or int(name)
        elif abi == "i386":
            number = library.syscall(name, library.architecture("SCMP_ARCH_X86"))
        else:
            number = library.syscall(name)
        padded = [*arguments, *[0] * (6 - len(arguments))]
        lines.append(f"{abi} {number} {' '.join(map(str, padded))}")
    return lines


def results_under_filter(probe: Path, calls: Path, profile: dict[str, Any], folder: Path) -> list[str]:
    """What the probe sees with our filter installed, in no container."""
    compiled = compile_filter(profile, None)
    assert compiled is not None
    program = folder / "filter"
    program.write_bytes(compiled.instructions)
    command: list[str | Path] = [probe, calls, program, str(compiled.flags)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    return done.stdout.splitlines()
