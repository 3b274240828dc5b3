"""Blobs and ingests of a daemon, in few words."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tiffin.api.containerd.services.content.v1 import content_pb2 as api
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub

if TYPE_CHECKING:
    from packages.manager.tests.services.daemons import Daemon

Request = api.WriteContentRequest
MEGABYTE = 1 << 20


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def write(daemon: Daemon, *requests: Request) -> list[api.WriteContentResponse]:
    return daemon.client.talk(daemon.client.stub(ContentStub).Write, requests)


def put(daemon: Daemon, data: bytes, **labels: str) -> str:
    """A blob."""
    digest = digest_of(data)
    request = Request(
        action=api.COMMIT, ref=f"put {digest}", total=len(data), expected=digest, data=data, labels=labels
    )
    assert write(daemon, request)[-1].digest == digest
    return digest


def info(daemon: Daemon, digest: str) -> api.Info:
    return daemon.client.call(daemon.client.stub(ContentStub).Info, api.InfoRequest(digest=digest)).info


def read(daemon: Daemon, digest: str, offset: int = 0, size: int = 0) -> bytes:
    asked = api.ReadContentRequest(digest=digest, offset=offset, size=size)
    found = daemon.client.all(daemon.client.stub(ContentStub).Read, asked)
    at = 0
    for part in found:
        assert part.offset == at
        at += len(part.data)
    return b"".join(part.data for part in found)


def status(daemon: Daemon, ref: str) -> api.Status:
    return daemon.client.call(daemon.client.stub(ContentStub).Status, api.StatusRequest(ref=ref)).status
