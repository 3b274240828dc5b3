"""Images, leases and containers of a daemon, in few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.any_pb2 import Any

from tiffin.api.containerd.services.containers.v1 import containers_pb2 as containers
from tiffin.api.containerd.services.containers.v1.containers_pb2_grpc import ContainersStub
from tiffin.api.containerd.services.images.v1 import images_pb2 as images
from tiffin.api.containerd.services.images.v1.images_pb2_grpc import ImagesStub
from tiffin.api.containerd.services.leases.v1 import leases_pb2 as leases
from tiffin.api.containerd.services.leases.v1.leases_pb2_grpc import LeasesStub
from tiffin.api.containerd.types.descriptor_pb2 import Descriptor

if TYPE_CHECKING:
    from packages.manager.tests.services.daemons import Daemon

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ZERO = "sha256:" + "0" * 64
SPEC = Any(type_url="types.containerd.io/opencontainers/runtime-spec/1/Spec", value=b'{"ociVersion":"1"}')
RUNTIME = containers.Container.Runtime(name="io.containerd.runc.v2", options=Any(type_url="o", value=b"1"))


def target(digest: str = ZERO, **annotations: str) -> Descriptor:
    return Descriptor(media_type=MANIFEST, digest=digest, size=2, annotations=annotations)


def create_image(
    daemon: Daemon, name: str, descriptor: Descriptor | None = None, **labels: str
) -> images.Image:
    image = images.Image(name=name, target=descriptor or target(), labels=labels)
    return daemon.client.call(
        daemon.client.stub(ImagesStub).Create, images.CreateImageRequest(image=image)
    ).image


def create_lease(daemon: Daemon, name: str = "", **labels: str) -> leases.Lease:
    stub = daemon.client.stub(LeasesStub)
    return daemon.client.call(stub.Create, leases.CreateRequest(id=name, labels=labels)).lease


def delete_lease(daemon: Daemon, lease: str, *, sync: bool = False) -> None:
    stub = daemon.client.stub(LeasesStub)
    daemon.client.call(stub.Delete, leases.DeleteRequest(id=lease, sync=sync))


def container(name: str = "one", **fields: object) -> containers.Container:
    return containers.Container(**{"id": name, "runtime": RUNTIME, "spec": SPEC, **fields})  # type: ignore[arg-type]  # fields of any type


def create_container(daemon: Daemon, message: containers.Container) -> containers.Container:
    stub = daemon.client.stub(ContainersStub)
    return daemon.client.call(stub.Create, containers.CreateContainerRequest(container=message)).container


def delete_container(daemon: Daemon, name: str) -> None:
    daemon.client.call(daemon.client.stub(ContainersStub).Delete, containers.DeleteContainerRequest(id=name))
