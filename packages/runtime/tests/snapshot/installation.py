"""An installation of its own for a test, which it may damage: the front, our packages, and an interpreter.

The name of its image comes from the front's path, so it is nobody else's; `remove` takes it away.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tiffin.runtime
import tiffin.spec
from tiffin.runtime.state.directory import cache_directory

SECONDS = 30
NAME = "tiffin-runtime"
BUNDLES = f"{NAME}-*.pyc"  # they name the sources that they were made from
UNFINISHED = "*.pyc.*"  # somebody writes one just now, and gives it its name then
TAKEN = re.compile(r"python3\.(1[1-3])")

Done = subprocess.CompletedProcess[bytes]


def interpreters() -> list[Path]:
    """Every interpreter of this machine that can be one of ours, files of their own: their memory looks different."""
    found = [*Path.home().glob(".pyenv/versions/3.*/bin/python3.*"), *Path("/usr/bin").glob("python3.*")]
    real = {path.resolve() for path in found if TAKEN.fullmatch(path.name)}
    return sorted(real | {Path(sys.executable).resolve()})


@dataclass(frozen=True)
class Installation:
    """PREFIX/bin/tiffin-runtime, with what it needs."""

    prefix: Path

    @classmethod
    def make(cls, prefix: Path, front: Path, interpreter: Path) -> Installation:
        """A new one.

        Args:
            front: a program that has no folders of sources compiled in.
        """
        installation = cls(prefix)
        installation.front.parent.mkdir(parents=True)
        shutil.copy2(front, installation.front)
        (installation.front.parent / interpreter.name).symlink_to(interpreter)
        packages = prefix / "lib" / interpreter.name / "site-packages/tiffin"
        for package in (tiffin.runtime, tiffin.spec):
            source = Path(package.__path__[0])
            ignored = shutil.ignore_patterns(BUNDLES, UNFINISHED)
            shutil.copytree(source, packages / source.name, ignore=ignored)
        return installation

    @property
    def front(self) -> Path:
        return self.prefix / "bin" / NAME

    @property
    def packages(self) -> Path:
        """The folder tiffin/."""
        return next(self.prefix.glob("lib/*/site-packages/tiffin"))

    @property
    def image(self) -> Path:
        number = 0xCBF29CE484222325  # FNV-1a, as front/image.c has it
        for byte in os.fsencode(self.front):
            number = ((number ^ byte) * 0x100000001B3) % 2**64
        return Path(cache_directory(), f"snapshot-{number:016x}")

    @property
    def refused(self) -> Path:
        return self.image.with_name(f"{self.image.name}.refused")

    @property
    def unfinished(self) -> Path:
        return self.image.with_name(f"{self.image.name}.new")

    def command(self, way: str = "") -> list[str]:
        """The command line's beginning. way: TIFFIN_SNAPSHOT, "" for the usual one."""
        return ["env", f"TIFFIN_SNAPSHOT={way}", str(self.front)]

    def call(self, *words: str | bytes, way: str = "", before: tuple[str, ...] = (), **more: Any) -> Done:
        """Runs a command that leaves no process. before: words in front of all, a program that executes the rest."""
        argv = [*before, *self.command(way), *words]
        usual = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        done: Done = subprocess.run(argv, timeout=SECONDS, check=False, **{**usual, **more})
        return done

    def ready(self) -> Installation:
        """With an image: others that run at the same time may have taken its place."""
        if not self.image.exists():
            done = self.call("--version")
            assert (done.returncode, done.stderr) == (0, b"")
        assert self.image.exists(), self.refused.read_text() if self.refused.exists() else "none was made"
        return self

    def why_not(self) -> str:
        """What =only says when there is no snapshot to go on from."""
        done = self.call("--version", way="only")
        assert (done.returncode, done.stdout) == (1, b"")
        return done.stderr.decode().partition("no snapshot: ")[2].rstrip('"\n')

    def goes_on(self) -> bool:
        """Whether a command can go on from the image."""
        return self.call("--version", way="only").returncode == 0

    def remove(self) -> None:
        """The image, and what is beside it."""
        for path in (self.image, self.refused, self.unfinished):
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
