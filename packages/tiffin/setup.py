"""Builds the image `hello` from hello/*.c into the package; everything else stands in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


class BuildWithHello(build_py):
    """Makes the image first, so that it is package data like any other; an editable install has it too."""

    def run(self) -> None:
        from build_hello import build_hello

        try:
            build_hello(HERE / "hello", HERE / "src/tiffin/cli/images/hello")
        except RuntimeError as error:
            # of an editable install, setuptools would only warn of any other exception
            raise SystemExit(str(error)) from error
        self.data_files = self._get_data_files()
        super().run()


setup(cmdclass={"build_py": BuildWithHello})
