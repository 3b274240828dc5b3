"""The config of a container of a manager: what `tiffin run` makes of flags and image, for a rootfs of the manager's."""

from __future__ import annotations

import os
import tempfile
import threading
from typing import TYPE_CHECKING

from tiffin.cli.run.config.build import build_config
from tiffin.cli.run.config.context import Context
from tiffin.cli.run.host import Host, held_capabilities, may_set_groups
from tiffin.cli.run.prepare import write_files
from tiffin.image.store.writable import own_mount_namespace
from tiffin.shim.events.values import Mount
from tiffin.shim.tasks.mounting.mount import mount_all
from tiffin.shim.tasks.mounting.unmount import unmount_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tiffin.api.containerd.types.mount_pb2 import Mount as MountMessage
    from tiffin.cli.parse import Arguments


class SpecMaker:
    """Makes one config.

    Args:
        folder: of the container, on this machine. image: `config` of the image's config.
        mounts: of its root file system.
    """

    def __init__(
        self, arguments: Arguments, folder: str, image: dict[str, Any], mounts: Sequence[MountMessage]
    ) -> None:
        self._arguments = arguments
        self._folder = folder
        self._image = image
        self._mounts = [Mount(each.type, each.source, each.target, tuple(each.options)) for each in mounts]
        self._made: dict[str, Any] | None = None
        self._failure: BaseException | None = None

    def make(self, name: str, namespace: str) -> dict[str, Any]:
        """The config; blocks. Raises UsageError, OSError, RuntimeFailure."""
        thread = threading.Thread(target=self._work, args=(name, namespace))
        thread.start()
        thread.join()
        if self._failure is not None:
            raise self._failure
        assert self._made is not None  # noqa: S101  # a thread that has not failed has made it
        return self._made

    def _work(self, name: str, namespace: str) -> None:
        try:
            self._made = self._mounted(name, namespace)
        except BaseException as error:  # noqa: BLE001  # raised again by `make`
            self._failure = error

    def _mounted(self, name: str, namespace: str) -> dict[str, Any]:
        """In a thread whose mounts are its own: nobody sees the root here, and no kill leaves it mounted."""
        own_mount_namespace()
        rootfs = tempfile.mkdtemp(prefix="tiffin-root-")
        try:
            mount_all(self._mounts, rootfs)
            try:
                return self._build(name, namespace, rootfs)
            finally:
                unmount_all(rootfs)
        finally:
            os.rmdir(rootfs)

    def _build(self, name: str, namespace: str, rootfs: str) -> dict[str, Any]:
        host = Host.enter(self._arguments)
        context = Context(
            name,
            name[:12],
            directory=self._folder,
            volumes=host.volumes,
            image=self._image,
            rootless=False,
            cgroup_version=host.cgroup_version(),
            cgroup_parent=host.cgroup_parent(self._arguments),
            held=held_capabilities(),
            groups=may_set_groups(),
        )
        built = build_config(self._arguments, context, rootfs)
        write_files(built, rootfs)
        config: dict[str, Any] = dict(built.config)
        parent = context.cgroup_parent or f"/{namespace}"
        config["linux"]["cgroupsPath"] = f"{parent}/{name}"
        return config
