"""`Mounts`: mounts by name, in each namespace. Blocking: for threads."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from tiffin.image.digest import digest_of, split_digest
from tiffin.manager.events.checking import check_identifier
from tiffin.manager.mounts import activation as records
from tiffin.manager.mounts.activation import Activation, ActiveMount
from tiffin.manager.mounts.planning import Plan, Step, plan
from tiffin.runtime.errors import AlreadyExists, InvalidArgument, NotFound, RuntimeFailure, Unsupported
from tiffin.shim.events.values import Mount
from tiffin.shim.tasks.mounting.mount import mount_one
from tiffin.shim.tasks.mounting.unmount import unmount_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LOG = logging.getLogger("tiffin.manager.mounts")


class Mounts:
    """Below one folder, which is gone after a boot, as mounts are.

    Args:
        folder: `<folder>/<namespace>/<hash of the name>/` has the record, and a mount point for each mount.
        roots: folders below which mounts may make folders (see `transforms`).
    """

    def __init__(self, folder: str, roots: Sequence[str]) -> None:
        self._folder = folder
        self._roots = (folder, *roots)
        self._lock = threading.Lock()
        self._busy: set[str] = set()

    def activate(
        self,
        namespace: str,
        name: str,
        mounts: Sequence[Mount],
        *,
        labels: Mapping[str, str] | None = None,
        temporary: bool = False,
        lease: str = "",
    ) -> Activation:
        """Makes those mounts that only we can make.

        Args:
            temporary: makes all of them; what is left to do is one bind mount.
            lease: keeps them from collection, "" for none.

        Raises:
            Unsupported: there is nothing to make; the client mounts by itself.
            AlreadyExists: the name is in use. InvalidArgument, OperationFailed: a mount that cannot be made.
        """
        if not name:
            raise InvalidArgument("mounts need a name")
        wanted = plan(mounts, everything=temporary)
        if wanted is None:
            raise Unsupported("these mounts need no help")
        place = self._place(namespace, name)
        with self._held(place), ExitStack() as undo:
            found = records.read(place)
            if found is not None and found.complete:
                raise AlreadyExists(f"mounts {name!r}: already exists")
            _remove(place)  # of a killed manager
            os.makedirs(place, mode=0o700)
            undo.callback(_remove, place)
            made = Activation(name, labels=dict(labels or {}), lease=lease)
            records.write(place, made)
            made = self._made(place, made, wanted, temporary=temporary)
            records.write(place, made)
            undo.pop_all()
        return made

    def _made(self, place: str, made: Activation, wanted: Plan, *, temporary: bool) -> Activation:
        active: list[ActiveMount] = []
        for number, step in enumerate(wanted.ours):
            mount, point = self._transformed(step, active), os.path.join(place, str(number))
            os.mkdir(point, 0o700)
            mount_one(mount.replace(target=""), point)
            active.append(ActiveMount(mount, point, time.time_ns()))
        left = [self._transformed(step, active) for step in wanted.left]
        if temporary and active:
            left.append(Mount("bind", active[-1].point, "", ("rbind",)))
        return made.replace(active=tuple(active), system=tuple(left), complete=True)

    def _transformed(self, step: Step, active: Sequence[ActiveMount]) -> Mount:
        mount = step.mount
        for transform in step.transforms:
            mount = transform(mount, active, self._roots)
        return mount

    def deactivate(self, namespace: str, name: str, *, seen: Activation | None = None) -> None:
        """Unmounts them, the last first.

        Args:
            seen: how they were; if they are not so any more, they stay. None: however they are.

        Raises:
            NotFound. OperationFailed: one is in use, and it may be tried again. AlreadyExists: somebody changes them.
        """
        place = self._place(namespace, name)
        with self._held(place):
            found = records.read(place)
            if found is None:
                raise NotFound(f"mounts {name!r}: not found")
            if seen is None or found == seen:
                records.write(place, found.replace(complete=False))  # half of them is not what was asked for
                _remove(place)

    def info(self, namespace: str, name: str) -> Activation:
        """Those of a name. Raises NotFound."""
        found = records.read(self._place(namespace, name))
        if found is None or not found.complete:
            raise NotFound(f"mounts {name!r}: not found")
        return found

    def update(self, namespace: str, name: str, labels: Mapping[str, str]) -> Activation:
        """Changes labels; all else is as it is. Raises NotFound."""
        place = self._place(namespace, name)
        with self._held(place):
            changed = self.info(namespace, name).replace(labels=dict(labels))
            records.write(place, changed)
        return changed

    def list(self, namespace: str) -> Iterator[Activation]:
        """All of a namespace."""
        check_identifier("namespace", namespace)
        folder = os.path.join(self._folder, namespace)
        for entry in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            found = records.read(os.path.join(folder, entry))
            if found is not None and found.complete:
                yield found

    def namespaces(self) -> Sequence[str]:
        """Those that have had some."""
        return sorted(os.listdir(self._folder)) if os.path.isdir(self._folder) else ()

    def recover(self) -> None:
        """Removes what a killed manager has left half done; what is in use stays, and is told in the log."""
        for namespace in self.namespaces():
            for entry in os.listdir(os.path.join(self._folder, namespace)):
                place = os.path.join(self._folder, namespace, entry)
                found = records.read(place)
                if found is None or not found.complete:
                    _try_to_remove(place)

    def _place(self, namespace: str, name: str) -> str:
        check_identifier("namespace", namespace)
        return os.path.join(self._folder, namespace, split_digest(digest_of(name.encode()))[1][:32])

    def _held(self, place: str) -> _Held:
        return _Held(self._lock, self._busy, place)


class _Held:
    """Only one thread at a time changes the mounts of a name; another is told so. Raises AlreadyExists."""

    def __init__(self, lock: threading.Lock, busy: set[str], place: str) -> None:
        self._lock, self._busy, self._place = lock, busy, place

    def __enter__(self) -> None:
        with self._lock:
            if self._place in self._busy:
                raise AlreadyExists("somebody else changes these mounts at this moment")
            self._busy.add(self._place)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._busy.discard(self._place)


def _try_to_remove(place: str) -> None:
    try:
        _remove(place)
    except (RuntimeFailure, OSError) as error:
        LOG.warning("mounts that are half made stay: %s", error)


def _remove(place: str) -> None:
    """Unmounts all, the last first, then removes the folder. Raises OperationFailed."""
    with suppress(FileNotFoundError):
        for name in sorted((each for each in os.listdir(place) if each.isdigit()), key=int, reverse=True):
            unmount_all(os.path.join(place, name))
            os.rmdir(os.path.join(place, name))
        shutil.rmtree(place)
