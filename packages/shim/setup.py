"""Builds tiffin-monitor from monitor/*.c into the package; everything else stands in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel, get_platform
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from build_monitor import build_monitor  # noqa: E402  # of this folder, which the line above adds


class BuildWithMonitor(build_py):
    """Makes the program first, so that it is package data like any other; an editable install has it too."""

    def run(self) -> None:
        try:
            build_monitor(
                HERE / "monitor", HERE / "src/tiffin/shim/bin/tiffin-monitor", HERE / "build/native/monitor"
            )
        except RuntimeError as error:
            # of an editable install, setuptools would only warn of any other exception, and leave the old one in place
            raise SystemExit(str(error)) from error
        self.data_files = self._get_data_files()
        super().run()


class PlatformWheel(bdist_wheel):
    """For every Python 3, but one platform."""

    def get_tag(self) -> tuple[str, str, str]:
        python, abi, platform = super().get_tag()
        return python, abi, get_platform(None) if platform == "any" else platform


setup(cmdclass={"build_py": BuildWithMonitor, "bdist_wheel": PlatformWheel})
