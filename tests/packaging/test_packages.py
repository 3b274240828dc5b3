"""Each package alone: Pants' wheel and sdist, and plain pip from the folder, each in an empty environment."""

from __future__ import annotations

import shutil
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tiffin_testing.boxes import IMPORTS, ORDER
from tiffin_testing.environments import Environment
from tiffin_testing.pythons import find_python

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [name for name in ORDER if (ROOT / "packages" / name / "pyproject.toml").exists()]
VERSIONS = ("3.11", "3.12", "3.13")
# imports every module of the distribution that was installed, in an interpreter that sees nothing else;
# bundle_start is a program's text, which the runtime compiles into its code bundle
IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not module.name.endswith((".__main__", ".bundle_start")):
            importlib.import_module(module.name)
"""
pytestmark = pytest.mark.timeout(600)


def distribution(package: str) -> str:
    return "tiffin" if package == "tiffin" else f"tiffin_{package}"


def wheel_of(built: Path, package: str) -> Path:
    (found,) = built.glob(f"{distribution(package)}-[0-9]*.whl")
    return found


def with_extras(package: str, path: Path) -> str:
    """A wheel or a folder, as pip is asked for it with all that its modules may import."""
    project = tomllib.loads((ROOT / "packages" / package / "pyproject.toml").read_text())["project"]
    extras = ",".join(project.get("optional-dependencies", {}))
    return f"{path}[{extras}]" if extras else str(path)


def imports_of(package: str) -> list[str]:
    folders = ROOT / "packages" / package / "src/tiffin"
    return [f"tiffin.{name}" for name in IMPORTS[package] if (folders / name).is_dir()]


def works(environment: Environment, package: str) -> None:
    """Every module imports, and every command of this package and of those below it answers --help."""
    environment.run("python", "-I", "-W", "error", "-c", IMPORT_ALL, *imports_of(package))
    for command in sorted(environment.commands()):
        assert "usage" in environment.run(command, "--help").lower(), f"{command} --help"


@pytest.mark.parametrize("package", PACKAGES)
def test_its_wheel_works_alone(package: str, built: Path, environment: Callable[..., Environment]) -> None:
    alone = environment()
    alone.install("--find-links", built, with_extras(package, wheel_of(built, package)))
    works(alone, package)


@pytest.mark.parametrize("package", PACKAGES)
def test_its_sdist_builds_the_same_wheel(
    package: str, built: Path, environment: Callable[..., Environment]
) -> None:
    (sdist,) = built.glob(f"{distribution(package)}-[0-9]*.tar.gz")
    with tarfile.open(sdist) as archive:
        assert not [name for name in archive.getnames() if name.endswith("backend_shim.py")]
    alone = environment()
    alone.install("--no-deps", sdist)
    with zipfile.ZipFile(wheel_of(built, package)) as wheel:
        modules = {name for name in wheel.namelist() if name.startswith("tiffin/")}
    (site,) = alone.folder.glob("lib/python*/site-packages")
    installed = {str(path.relative_to(site)) for path in (site / "tiffin").rglob("*") if path.is_file()}
    assert {name for name in installed if "__pycache__" not in name} == modules


@pytest.mark.parametrize("editable", [False, True], ids=["plain", "editable"])
@pytest.mark.parametrize("package", PACKAGES)
def test_plain_pip_installs_it(
    package: str,
    plain_wheel: Callable[[str], Path],
    clean_copy: Path,
    tmp_path: Path,
    environment: Callable[..., Environment],
    *,
    editable: bool,
) -> None:
    """`pip install ./packages/<name>`, and the boxes below it as pip made them from their folders: no Pants."""
    below = [with_extras(name, plain_wheel(name)) for name in PACKAGES[: PACKAGES.index(package)]]
    folder = shutil.copytree(clean_copy / "packages" / package, tmp_path / package)
    alone = environment()
    alone.install(*below, *(["--editable"] if editable else []), with_extras(package, folder))
    works(alone, package)


@pytest.mark.parametrize("version", VERSIONS)
def test_all_wheels_together_on_every_python(
    version: str, built: Path, environment: Callable[..., Environment]
) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    together = environment(python)
    wheels = (with_extras(name, wheel_of(built, name)) for name in PACKAGES)
    together.install("--find-links", built, *wheels)
    for package in PACKAGES:
        works(together, package)
