"""`Bundle`: the folder of a container's task, and where such folders lie.

    <state>/<namespace>/<id>/config.json     what the runtime reads
    <state>/<namespace>/<id>/rootfs          where the shim mounts the root file system
    <state>/<namespace>/<id>/work            a link to <root>/<namespace>/<id>, on a disk, with nothing in it at first

The rest belongs to who runs it. Folders whose names begin with a dot are being made or removed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tiffin.runtime.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator


class Bundle(Record):
    """One container's folder. path: absolute. work: where its `work` leads."""

    namespace: str
    id: str
    path: str
    work: str

    def file(self, name: str) -> str:
        """The path of something in it."""
        return os.path.join(self.path, name)

    @property
    def rootfs(self) -> str:
        """Where its root file system is mounted."""
        return self.file("rootfs")


class Bundles(Record):
    """Where the bundles are. root: of the `work` folders, on a disk. state: of the bundles, gone after a boot."""

    root: str
    state: str

    def of(self, namespace: str, identifier: str) -> Bundle:
        """The bundle of that name, whether or not it is there."""
        return Bundle(
            namespace,
            identifier,
            os.path.join(self.state, namespace, identifier),
            os.path.join(self.root, namespace, identifier),
        )

    def all(self) -> Iterator[Bundle]:
        """Those that are there."""
        for namespace in _folders(self.state):
            for identifier in _folders(os.path.join(self.state, namespace)):
                yield self.of(namespace, identifier)


def _folders(path: str) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return sorted(
                entry.name
                for entry in entries
                if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
            )
    except FileNotFoundError:
        return []
