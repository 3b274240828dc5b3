"""The OCI bundle of --bundle becomes this process's directory, as runc has it: hooks run there."""

from __future__ import annotations

import posix

from ..errors import NotFound


def enter_bundle(path: str) -> str:
    """Goes to a bundle; "" is the current directory. Returns its absolute path.

    Raises:
        NotFound: there is no such directory.
    """
    if path:
        try:
            posix.chdir(path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound(f"chdir {path}: {(error.strerror or '').lower()}") from error
    return posix.getcwd()
