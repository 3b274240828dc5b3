"""The monitor built with AddressSanitizer and UndefinedBehaviorSanitizer, for tests that try to break it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "monitor"
FLAGS = [
    "-std=gnu11", "-D_GNU_SOURCE", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fno-omit-frame-pointer", "-pthread",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
]  # fmt: skip


def build_sanitized(folder: Path) -> Path:
    """Compiles it into a folder."""
    program = folder / "tiffin-monitor"
    sources = sorted(SOURCES.glob("*.c"))
    subprocess.run(["clang", *FLAGS, "-o", program, *sources], check=True, timeout=120)
    return program


def reports_to(path: Path) -> dict[str, str]:
    """The environment in which it writes what it finds to files that begin with this path; leaks too, at its end."""
    return {
        **os.environ,
        "ASAN_OPTIONS": f"log_path={path}:detect_leaks=1",
        "UBSAN_OPTIONS": f"log_path={path}:print_stacktrace=1",
    }


def findings(path: Path) -> str:
    """What the sanitizers have said."""
    return "\n".join(file.read_text() for file in sorted(path.parent.glob(f"{path.name}.*")))
