"""`Checkpoints`: images of CRIU in the store, as two blobs: an archive of the image's files, and the container's spec.

What only a checkpoint needs is imported when there is one.

Source of the types: containerd's package images, `MediaTypeContainerd1Checkpoint` and `...CheckpointConfig`.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from tiffin.api.containerd.services.tasks.v1.tasks_pb2 import CheckpointTaskResponse
from tiffin.api.containerd.types.descriptor_pb2 import Descriptor
from tiffin.api.containerd.types.runc.options.oci_pb2 import CheckpointOptions, Options
from tiffin.api.typeurl import holds, unpack
from tiffin.image.digest import new_hash
from tiffin.image.errors import AlreadyExists
from tiffin.image.metadata.namespaces import Scope
from tiffin.runtime.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

    from google.protobuf.any_pb2 import Any

    from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.grpc_edge.workers import Workers
    from tiffin.manager.metadata.stores import Stores
    from tiffin.manager.runtimes.port import RuntimeTask
    from tiffin.manager.tasks.task import Task

IMAGE = "application/vnd.containerd.container.criu.checkpoint.criu.tar"
CONFIG = "application/vnd.containerd.container.checkpoint.config.v1+proto"
RESTORE_FROM_PATH = "RestoreFromPath"  # annotation of a descriptor that is a folder in truth
BLOCK = 1 << 20


class Checkpoints:
    """Reads and writes them. stores: where to."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def asked_for(self, request: tasks.CreateTaskRequest) -> str:
        """The folder of an image that a client wants restored; "" for none."""
        named = ""
        if request.HasField("options") and holds(request.options, Options):
            named = unpack(request.options, Options).criu_image_path
        return named or request.checkpoint.annotations.get(RESTORE_FROM_PATH, "")

    def unpacked(self, namespace: str, descriptor: Descriptor) -> Callable[[str], None]:
        """What fills a folder with an image of the store. Raises InvalidArgument (the descriptor is of no image)."""
        if descriptor.media_type != IMAGE:
            raise InvalidArgument(f"unsupported checkpoint type {descriptor.media_type!r}")
        return partial(self._unpack, namespace, descriptor.digest)

    def _unpack(self, namespace: str, digest: str, folder: str) -> None:
        import tarfile

        with self._stores.content(Scope(namespace)).open(digest) as blob:
            os.mkdir(folder, 0o700)
            with tarfile.open(fileobj=blob, mode="r|") as archive:
                archive.extractall(folder, filter="data")

    async def write(
        self, task: Task, request: tasks.CheckpointTaskRequest, call: Call
    ) -> CheckpointTaskResponse:
        """Makes an image, in the folder that the options name, else in the store. Returns what is in the store."""
        options = request.options if request.HasField("options") else None
        if folder := _folder(options):
            await task.checkpoint(lambda runs_on: runs_on.checkpoint(folder, options))
            return CheckpointTaskResponse()
        scope = call.scope
        found = await task.checkpoint(lambda runs_on: self._write(runs_on, options, scope, call.workers))
        return CheckpointTaskResponse(descriptors=found)

    async def _write(
        self, runs_on: RuntimeTask, options: Any | None, scope: Scope, workers: Workers
    ) -> list[Descriptor]:
        """To the store, by way of a folder that is there until nobody writes to it any more.

        It is the task's: if we are killed, who writes to it may live on, and it goes with the task.
        """
        from tempfile import mkdtemp

        folder = await workers.run(mkdtemp, prefix="checkpoint-", dir=runs_on.bundle.work)
        try:
            await runs_on.checkpoint(folder, options)
            return await workers.run_slowly(self._store, scope, runs_on.bundle.id, folder)
        finally:
            await workers.run_slowly(_remove, folder)

    def _store(self, scope: Scope, container: str, folder: str) -> list[Descriptor]:
        import tarfile
        from tempfile import TemporaryFile

        spec = self._stores.containers(scope.namespace).get(container).spec.SerializeToString()
        with TemporaryFile() as archive, TemporaryFile() as config:
            with tarfile.open(fileobj=archive, mode="w|") as tar:
                tar.add(folder, arcname=".")
            config.write(spec)
            return [
                self._blob(scope, IMAGE, f"checkpoint-{container}", archive),
                self._blob(scope, CONFIG, f"checkpoint-{container}-spec", config),
            ]

    def _blob(self, scope: Scope, media_type: str, reference: str, file: IO[bytes]) -> Descriptor:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        digest = new_hash()
        while block := file.read(BLOCK):
            digest.update(block)
        file.seek(0)
        name = f"sha256:{digest.hexdigest()}"
        try:
            with self._stores.content(scope).writer(reference, total=size, expected=name) as writer:
                writer.truncate()
                while block := file.read(BLOCK):
                    writer.write(block)
                writer.commit(size=size, digest=name)
        except AlreadyExists:
            pass  # the same image has been written before
        return Descriptor(media_type=media_type, digest=name, size=size)


def _remove(folder: str) -> None:
    with suppress(FileNotFoundError):  # its task was deleted meanwhile
        shutil.rmtree(folder)


def _folder(options: Any | None) -> str:
    if options is None or not options.type_url:
        return ""
    if not holds(options, CheckpointOptions):
        raise InvalidArgument(f"invalid task checkpoint option {options.type_url!r}")
    return unpack(options, CheckpointOptions).image_path
