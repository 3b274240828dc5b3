"""What the packaging tests share: a clean copy of the tracked files, Pants in it, what it builds."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tiffin_testing.environments import Environment, run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def clean_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that git tracks, as they are now, and nothing else; the tools' downloads are shared."""
    copy = tmp_path_factory.mktemp("checkout")
    names = run(["git", "ls-files", "-z"], cwd=ROOT).stdout.split("\0")
    for name in filter(None, names):
        source, target = ROOT / name, copy / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    (ROOT / ".cache").mkdir(exist_ok=True)
    (copy / ".cache").symlink_to(ROOT / ".cache")
    return copy


@pytest.fixture(scope="session")
def pants(clean_copy: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`pants("package", "::")`, without its daemon: it leaves no process behind."""

    def call(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run(["./pants", "--no-pantsd", "--no-dynamic-ui", *arguments], cwd=clean_copy, check=check)

    return call


@pytest.fixture(scope="session")
def built(clean_copy: Path, pants: Callable[..., object]) -> Path:
    """The folder with every wheel, sdist and PEX file, made by Pants."""
    pants("package", "::")
    return clean_copy / "dist"


@pytest.fixture(scope="session")
def pins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """default.lock and build.lock as pip's constraints (a constraint with hashes would refuse our own wheels)."""
    text = "".join((ROOT / "3rdparty/python" / name).read_text() for name in ("default.lock", "build.lock"))
    file = tmp_path_factory.mktemp("pins") / "constraints.txt"
    file.write_text("\n".join(re.findall(r"^[\w.-]+==[^\s\\]+", text, re.MULTILINE)) + "\n")
    return file


@pytest.fixture(scope="session")
def plain_wheel(
    clean_copy: Path, pins: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """`plain_wheel(package)`: what pip alone makes of its folder, once for all tests."""
    made = tmp_path_factory.mktemp("plain")

    @cache
    def make(package: str) -> Path:
        folder = shutil.copytree(clean_copy / "packages" / package, made / "folders" / package)
        wheels = made / package
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        run([*pip, "--constraint", pins, "--wheel-dir", wheels, folder], cwd=made)
        (wheel,) = wheels.iterdir()
        return wheel

    return make


@pytest.fixture
def environment(tmp_path: Path, pins: Path) -> Callable[..., Environment]:
    def make(python: str = sys.executable) -> Environment:
        return Environment(tmp_path / "environment", pins, python)

    return make
