"""Compiles a folder of C sources to a static program, and only what changed since the last time."""

from __future__ import annotations

import hashlib
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LANGUAGE = ["-std=gnu11", "-D_GNU_SOURCE"]
WARNINGS = [
    "-Wall", "-Wextra", "-Wshadow", "-Wformat=2", "-Wpointer-arith", "-Wstrict-prototypes", "-Wmissing-prototypes",
    "-Wwrite-strings", "-Wvla", "-Wundef", "-Werror",
    "-Wno-error=cpp",  # what libc says of a FORTIFY_SOURCE that is higher than it knows
]  # fmt: skip
HARDENING = [
    "-O2", "-fPIE", "-fstack-protector-strong", "-fstack-clash-protection",
    "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3",  # Debian's gcc has one, Ubuntu's another
]  # fmt: skip
LINKING = ["-static-pie", "-s", "-Wl,-z,relro,-z,now,-z,noexecstack", "-Wl,--build-id=none"]


def build_monitor(sources: Path, program: Path, objects: Path) -> bool:
    """Compiles `sources`/*.c with gcc (or $CC); returns whether anything had to be done.

    Args:
        sources: the folder; an object is made again when its source or any header of the folder changed.
        program: where the program goes.
        objects: a folder for what is kept until the next time.

    Raises:
        RuntimeError: there is no compiler, no static C library, or the sources are wrong.
    """
    objects.mkdir(parents=True, exist_ok=True)
    program.parent.mkdir(parents=True, exist_ok=True)
    compiler = os.environ.get("CC", "gcc").split()
    command = [*compiler, *LANGUAGE, *WARNINGS, *HARDENING]
    headers = b"".join(path.read_bytes() for path in sorted(sources.glob("*.h")))
    files = sorted(sources.glob("*.c"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        digests = list(pool.map(lambda file: _compile(command, headers, file, objects), files))
    made = [str(objects / f"{file.stem}.o") for file in files]
    link = [*compiler, *LINKING, "-o", str(program), *made]
    return _run_once(
        link, _digest("\0".join((*link, *digests)).encode()), program, objects / "program.digest"
    )


def _compile(command: list[str], headers: bytes, source: Path, objects: Path) -> str:
    """One object; returns the digest of all that it was made from."""
    target = objects / f"{source.stem}.o"
    digest = _digest("\0".join(command).encode(), headers, source.read_bytes())
    whole = [*command, "-c", "-o", str(target), source.name]
    _run_once(whole, digest, target, target.with_suffix(".digest"), cwd=source.parent)
    return digest


def _run_once(command: list[str], digest: str, target: Path, record: Path, cwd: Path | None = None) -> bool:
    """Runs a command, unless the target is there and was made from the same."""
    if target.exists() and record.exists() and record.read_text() == digest:
        return False
    record.unlink(missing_ok=True)
    try:
        subprocess.run(command, check=True, cwd=cwd)
    except FileNotFoundError as error:
        raise RuntimeError(
            f"{command[0]} is needed to build tiffin-shim: apt install gcc libc6-dev"
        ) from error
    except subprocess.CalledProcessError as error:
        raise RuntimeError(
            f"{command[0]} could not make {target.name}: are libc6-dev (with libc.a) and linux-libc-dev installed?"
        ) from error
    record.write_text(digest)
    return True


def _digest(*parts: bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "little") + part)
    return total.hexdigest()
