"""Builds the two native programs, monitor/ and front/; everything else stands in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import setup  # first: it brings distutils to Python 3.12
from setuptools.command.bdist_wheel import bdist_wheel, get_platform
from setuptools.command.build_py import build_py

from distutils.command.build_scripts import build_scripts  # isort: skip

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from build_monitor import build_monitor as build_program  # noqa: E402  # of this folder, which the line above adds

FRONT = "containerd-shim-tiffin-v2"


class BuildWithMonitor(build_py):
    """Makes the program first, so that it is package data like any other; an editable install has it too."""

    def run(self) -> None:
        try:
            build_program(
                HERE / "monitor", HERE / "src/tiffin/shim/bin/tiffin-monitor", HERE / "build/native/monitor"
            )
        except RuntimeError as error:
            # of an editable install, setuptools would only warn of any other exception, and leave the old one in place
            raise SystemExit(str(error)) from error
        self.data_files = self._get_data_files()
        super().run()


class BuildFront(build_scripts):
    """Makes the command, a program where others have a script."""

    def get_source_files(self) -> list[str]:
        """Nothing: MANIFEST.in lists the sources."""
        return []

    def run(self) -> None:
        build_program(HERE / "front", Path(self.build_dir, FRONT), HERE / "build/native/front")


class PlatformWheel(bdist_wheel):
    """For every Python 3, but one platform."""

    def get_tag(self) -> tuple[str, str, str]:
        python, abi, platform = super().get_tag()
        return python, abi, get_platform(None) if platform == "any" else platform


setup(
    scripts=[FRONT],
    cmdclass={"build_py": BuildWithMonitor, "build_scripts": BuildFront, "bdist_wheel": PlatformWheel},
)
