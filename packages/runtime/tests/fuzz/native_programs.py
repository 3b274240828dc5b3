"""The test programs in C, built with AddressSanitizer and UndefinedBehaviorSanitizer; where each one's sources are."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORE = HERE.parents[1] / "core"
NATIVE = HERE / "native"
FLAGS = [
    "-std=gnu11", "-D_GNU_SOURCE", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fno-omit-frame-pointer", "-pthread",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{CORE}", f"-I{NATIVE}",
]  # fmt: skip
REMEMBERING = ["-include", str(NATIVE / "allocations.h")]
WALKING = ["walk_plan.c", "allocations.c"]
DECODING = ["decode.c", "failure.c", "wire_table.c"]
# program: (files of native/, files of core/, further flags)
PROGRAMS: dict[str, tuple[list[str], list[str], list[str]]] = {
    "paths_test": (["paths_test.c", "check.c"], ["paths.c", "failure.c"], []),
    "report_test": (["report_test.c", "check.c"], ["report.c", "failure.c"], []),
    "wire_test": (["wire_test.c", "check.c"], ["wire_table.c"], []),
    "decode_test": (["decode_test.c", "check.c", *WALKING], DECODING, REMEMBERING),
    "decode_fuzzer": (["decode_fuzzer.c", *WALKING], DECODING, [*REMEMBERING, "-fsanitize=fuzzer"]),
}
# what the core allocates for good is no leak
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}


def cases_of(program: str) -> list[str]:
    """The names of a program's tests."""
    return re.findall(r"^TEST\((\w+)\)$", (NATIVE / f"{program}.c").read_text(), re.MULTILINE)


def build(program: str, folder: Path) -> Path:
    """Compiles a program into a folder, once."""
    target = folder / program
    if not target.exists():
        native, core, flags = PROGRAMS[program]
        sources = [NATIVE / name for name in native] + [CORE / name for name in core]
        subprocess.run(["clang", *FLAGS, *flags, "-o", target, *sources], check=True, timeout=120)
    return target


def run(command: list[str | Path], *, folder: Path, data: bytes = b"", seconds: float = 60) -> bytes:
    """Runs a test program in a folder; fails with what the sanitizers said. Returns its output."""
    done = subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, input=data, capture_output=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-6000:]
    return done.stdout
