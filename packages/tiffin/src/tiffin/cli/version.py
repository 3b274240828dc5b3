"""`tiffin version`: the versions of the packages that it is made of."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from tiffin.cli.parse import Arguments

PACKAGES = ("tiffin", "tiffin-image", "tiffin-manager", "tiffin-runtime", "tiffin-shim", "tiffin-spec")


def main(_arguments: Arguments) -> int:
    """Prints a line for each package, Python and the kernel."""
    for name in PACKAGES:
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "not installed"
        print(f"{name:15} {found}")
    print(f"{'Python':15} {platform.python_version()}")
    print(f"{'Linux':15} {platform.release()}")
    return 0
