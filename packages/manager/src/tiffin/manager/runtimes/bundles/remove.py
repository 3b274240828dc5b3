"""Removes a bundle. Never through a mount: what is mounted below it belongs to somebody else."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

from tiffin.runtime.errors import FailedPrecondition
from tiffin.shim.tasks.mounting.unmount import unmount_all

if TYPE_CHECKING:
    from tiffin.manager.runtimes.bundles.bundle import Bundle


def remove_bundle(bundle: Bundle) -> None:
    """Unmounts all below it, then removes the folder and its work folder; what is not there is no error. Blocks.

    Raises:
        FailedPrecondition: the rootfs has files of its own, which are left as they are.
        OperationFailed: something below it is mounted and in use.
        OSError
    """
    for folder in (bundle.path, bundle.work):
        unmount_all(os.path.realpath(folder))
    try:
        os.rmdir(bundle.rootfs)
    except FileNotFoundError:
        pass  # of a bundle that was half removed
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        raise FailedPrecondition(
            f"{bundle.rootfs!r} is not empty, and nothing is mounted there: it is left as it is"
        ) from error
    _remove(bundle.path)
    _remove(bundle.work)


def _remove(path: str) -> None:
    """Hides the folder first: half of a bundle is never taken for one."""
    above, name = os.path.split(path)
    hidden = os.path.join(above, f".{name}")
    shutil.rmtree(hidden, ignore_errors=True)
    try:
        os.rename(path, hidden)
    except FileNotFoundError:
        return
    shutil.rmtree(hidden)
