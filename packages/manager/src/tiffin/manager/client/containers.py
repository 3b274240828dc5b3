"""`Containers`, and `Container`: what is known of one, and its task."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.field_mask_pb2 import FieldMask

from tiffin.api.containerd.services.containers.v1 import containers_pb2 as messages
from tiffin.api.containerd.services.containers.v1.containers_services import CONTAINERS
from tiffin.manager.client.tasks import Task, create_task, tasks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from tiffin.api.containerd.types.mount_pb2 import Mount
    from tiffin.manager.client.fifos import Ends
    from tiffin.manager.client.session import Session

SPEC_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Spec"
RUNTIME = "io.containerd.tiffin.v2"


class Container:
    """A container as it was when it was asked for. record: all that the manager knows of it."""

    def __init__(self, session: Session, record: messages.Container) -> None:
        self._session = session
        self.record = record

    @property
    def id(self) -> str:
        """Its name within the namespace."""
        return self.record.id

    @property
    def spec(self) -> dict[str, Any]:
        """Its config, as JSON has it."""
        found: dict[str, Any] = json.loads(self.record.spec.value)
        return found

    async def create_task(
        self, fifos: Ends | None = None, *, rootfs: Sequence[Mount] = (), checkpoint: str = ""
    ) -> Task:
        """Makes its task; the first process waits for `start`.

        Args:
            fifos: its streams; None: they are empty, and go nowhere. rootfs: mounts, beside those of the snapshot.
            checkpoint: a folder with an image of CRIU to go on from.

        Raises:
            AlreadyExists: it has one. NotFound: the container, its snapshot or its runtime is missing.
            OperationFailed: the runtime could not make it.
        """
        return await create_task(self._session, self.record, fifos, rootfs, checkpoint)

    def task(self) -> Task:
        """Its task, which it may have or not."""
        return Task(self._session, self.id)

    async def set_labels(self, labels: Mapping[str, str]) -> None:
        """Replaces single labels; the others stay."""
        if not labels:
            return  # a mask without paths would mean the whole container
        record = messages.Container(id=self.id, labels=labels)
        mask = FieldMask(paths=[f"labels.{name}" for name in labels])
        request = messages.UpdateContainerRequest(container=record, update_mask=mask)
        self.record = (await self._session.ask(CONTAINERS, "Update", request)).container

    async def delete(self) -> None:
        """What is known of it goes; who has a task deletes that first. Raises NotFound."""
        await self._session.ask(CONTAINERS, "Delete", messages.DeleteContainerRequest(id=self.id))


class Containers:
    """Those of one namespace."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(self, filters: Iterable[str] = ()) -> list[Container]:
        """All, or those that match one of the filters (containerd's language), by id; any number of them."""
        request = messages.ListContainersRequest(filters=filters)
        answers = self._session.tell(CONTAINERS, "ListStream", request)
        return [Container(self._session, answer.container) async for answer in answers]

    async def get(self, identifier: str) -> Container:
        """Raises NotFound."""
        answer = await self._session.ask(CONTAINERS, "Get", messages.GetContainerRequest(id=identifier))
        return Container(self._session, answer.container)

    async def create(
        self,
        identifier: str,
        spec: Mapping[str, Any],
        *,
        image: str = "",
        snapshot: tuple[str, str] = ("", ""),
        runtime: str = RUNTIME,
        options: AnyMessage | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Container:
        """A new one; nothing runs yet.

        Args:
            spec: its config, as runtime-spec has it.
            snapshot: snapshotter and key of its root file system; ("", ""): `root.path` of the spec is one.
            runtime: `io.containerd.runc.v2`, or a handler of the manager's config. options: the runtime's own.

        Raises:
            AlreadyExists, InvalidArgument
        """
        record = messages.Container(
            id=identifier,
            image=image,
            labels=labels or {},
            runtime=messages.Container.Runtime(name=runtime, options=options),
            spec=AnyMessage(type_url=SPEC_TYPE, value=json.dumps(spec).encode()),
            snapshotter=snapshot[0],
            snapshot_key=snapshot[1],
        )
        request = messages.CreateContainerRequest(container=record)
        answer = await self._session.ask(CONTAINERS, "Create", request)
        return Container(self._session, answer.container)

    async def tasks(self) -> dict[str, Task]:
        """The tasks of all that have one, by id; each with the state that it had."""
        return await tasks_of(self._session)
