"""Makes a bundle: all of it or nothing, since it gets its name last."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tiffin.runtime.errors import AlreadyExists, InvalidArgument

if TYPE_CHECKING:
    from tiffin.manager.runtimes.bundles.bundle import Bundle

NOBODY = (1 << 32) - 1  # for chown(2), "leave it as it is"


def make_bundle(bundle: Bundle, config: bytes | None) -> None:
    """Makes the folder, with config.json.

    Args:
        config: JSON; None for none.

    Raises:
        AlreadyExists: there is such a folder.
        InvalidArgument: the config is no JSON, or maps root to what is no group.
        OSError
    """
    gid = _root_group(config)
    above, name = os.path.split(bundle.path)
    os.makedirs(above, mode=0o711, exist_ok=True)
    with ExitStack() as undo:
        unnamed = os.path.join(above, f".{name}-{os.urandom(4).hex()}")
        os.mkdir(unnamed, 0o700)
        undo.callback(shutil.rmtree, unnamed, ignore_errors=True)
        if gid:
            os.chown(unnamed, -1, gid)
            os.chmod(unnamed, 0o710)  # noqa: S103  # it leads to the rootfs, and shows nothing
        _fill(unnamed, bundle, config)
        try:
            os.rename(unnamed, bundle.path)
        except OSError as error:
            if os.path.isdir(bundle.path):
                raise AlreadyExists(f"there is a bundle {bundle.path!r} already") from error
            raise
        undo.callback(shutil.rmtree, bundle.path, ignore_errors=True)
        _make_work(bundle.work)
        undo.pop_all()


def _fill(folder: str, bundle: Bundle, config: bytes | None) -> None:
    os.mkdir(os.path.join(folder, "rootfs"), 0o711)
    os.symlink(bundle.work, os.path.join(folder, "work"))
    if config is not None:
        with open(os.path.join(folder, "config.json"), "xb") as file:
            file.write(config)


def _make_work(path: str) -> None:
    os.makedirs(os.path.dirname(path), mode=0o711, exist_ok=True)
    if os.path.lexists(path):  # of a task before the last boot
        shutil.rmtree(path)
    os.mkdir(path, 0o711)


def _root_group(config: bytes | None) -> int:
    """The host's group that is root in the container's user namespace: it has to reach its rootfs. 0: no such."""
    if not config:
        return 0
    try:
        tree = json.loads(config)
    except ValueError as error:
        raise InvalidArgument(f"the container's spec is no JSON: {error}") from error
    linux = tree.get("linux") if isinstance(tree, dict) else None
    mappings = linux.get("gidMappings") if isinstance(linux, dict) else None
    for mapping in mappings if isinstance(mappings, list) else ():
        if isinstance(mapping, dict) and mapping.get("containerID") == 0:
            return _group(mapping.get("hostID", 0))
    return 0


def _group(number: object) -> int:
    if not isinstance(number, int) or not 0 <= number < NOBODY:
        raise InvalidArgument(f"the container's spec: linux.gidMappings: hostID {number!r} is no group")
    return number
