"""`Client`: where to begin.

async with Client.connect("/run/containerd/containerd.sock", namespace="default") as client:
    print((await client.version()).version)
    for container in await client.containers.list():
        print(container.id)
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.manager.client.session import Session

if TYPE_CHECKING:
    from typing import Any, Self

    from tiffin.api.containerd.services.version.v1.version_pb2 import VersionResponse
    from tiffin.manager.client.containers import Containers
    from tiffin.manager.client.content import Content
    from tiffin.manager.client.events import Events
    from tiffin.manager.client.images import Images
    from tiffin.manager.client.leases import Leases
    from tiffin.manager.client.namespaces import Namespaces
    from tiffin.manager.client.snapshots import Snapshots
    from tiffin.manager.client.transport.protocol import Transport

DEFAULT = "default"


class Client:
    """A manager, seen from one namespace. Belongs to one event loop.

    Args:
        transport: how it is reached; `connect` makes one for a socket, `Manager.client` one for this process.
        lease: protects what is made by this client from collection, "" for none.
    """

    def __init__(self, transport: Transport, namespace: str = DEFAULT, lease: str = "") -> None:
        self.session = Session(transport, namespace, lease)

    @classmethod
    def connect(cls, address: str, namespace: str = DEFAULT, *, credentials: Any = None) -> Client:
        """A client of a socket; nothing is sent before the first call.

        Args:
            address: path of a unix socket, or a target of gRPC.
            credentials: of `grpc.ssl_channel_credentials`, for TCP.
        """
        from tiffin.manager.client.transport.over_grpc import GrpcTransport

        return cls(GrpcTransport(address, credentials), namespace)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection; what runs runs on."""
        await self.session.transport.close()

    def within(self, namespace: str, lease: str = "") -> Client:
        """The same manager, seen from another namespace, or under a lease; nobody has to close it."""
        return Client(self.session.transport, namespace, lease)

    async def version(self) -> VersionResponse:
        """Who answers."""
        from tiffin.api.containerd.services.version.v1.version_services import VERSION

        answer: VersionResponse = await self.session.ask(VERSION, "Version", Empty())
        return answer

    @cached_property
    def containers(self) -> Containers:
        """Containers, and the tasks of those that run."""
        from tiffin.manager.client.containers import Containers

        return Containers(self.session)

    @cached_property
    def images(self) -> Images:
        """Names of images."""
        from tiffin.manager.client.images import Images

        return Images(self.session)

    @cached_property
    def content(self) -> Content:
        """Blobs."""
        from tiffin.manager.client.content import Content

        return Content(self.session)

    def snapshots(self, snapshotter: str = "overlayfs") -> Snapshots:
        """The snapshots of one snapshotter."""
        from tiffin.manager.client.snapshots import Snapshots

        return Snapshots(self.session, snapshotter)

    @cached_property
    def leases(self) -> Leases:
        """What protects things from collection."""
        from tiffin.manager.client.leases import Leases

        return Leases(self.session)

    @cached_property
    def namespaces(self) -> Namespaces:
        """All of them, whatever the client's own is."""
        from tiffin.manager.client.namespaces import Namespaces

        return Namespaces(self.session)

    @cached_property
    def events(self) -> Events:
        """What happens, in all namespaces."""
        from tiffin.manager.client.events import Events

        return Events(self.session)
