"""The service `content`: what containerd answers, ours does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from packages.manager.tests.client import refusal
from packages.manager.tests.services.blobs import MEGABYTE, Request, digest_of, info, put, read, write

from tiffin.api.containerd.services.content.v1 import content_pb2 as api
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub
from tiffin.api.containerd.services.leases.v1 import leases_pb2 as leases
from tiffin.api.containerd.services.leases.v1.leases_pb2_grpc import LeasesStub

if TYPE_CHECKING:
    from collections.abc import Callable

    from packages.manager.tests.services.daemons import Daemon

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr")]


@pytest.mark.parametrize(
    ("offset", "size", "wanted"),
    [
        (0, 0, slice(None)),
        (5, 0, slice(5, None)),
        (5, 3, slice(5, 8)),
        (8, 100, slice(8, None)),
        (-3, 0, slice(None)),
    ],
)
def test_parts_are_read(daemon: Daemon, offset: int, size: int, wanted: slice) -> None:
    data = b"0123456789"
    assert read(daemon, put(daemon, data), offset, size) == data[wanted]


def test_what_is_read_ends_where_the_blob_ends(daemon: Daemon) -> None:
    digest = put(daemon, b"0123456789")
    assert read(daemon, digest, offset=10) == b""
    refused = refusal(read, daemon, digest, 11)
    assert refused.code is StatusCode.OUT_OF_RANGE
    assert refused.text == "read past object length 10 bytes"


def test_a_big_blob_comes_whole(daemon: Daemon) -> None:
    data = bytes(range(256)) * (12 * MEGABYTE // 256)
    digest = digest_of(data)
    parts = [data[at : at + 3 * MEGABYTE] for at in range(0, len(data), 3 * MEGABYTE)]
    sent = [
        Request(action=api.WRITE, ref="big", offset=3 * MEGABYTE * i, data=part)
        for i, part in enumerate(parts)
    ]
    write(daemon, *sent, Request(action=api.COMMIT, offset=len(data), total=len(data), expected=digest))
    assert read(daemon, digest) == data
    assert read(daemon, digest, 5 * MEGABYTE - 1, 3) == data[5 * MEGABYTE - 1 : 5 * MEGABYTE + 2]


def test_a_lease_keeps_what_is_written_under_it(daemon: Daemon) -> None:
    client = daemon.client
    stub = client.stub(LeasesStub)
    client.call(stub.Create, leases.CreateRequest(id="kept"))
    already = put(daemon, b"already there")
    client.metadata = (*client.metadata, ("containerd-lease", "kept"))
    digest = put(daemon, b"leased")
    write(daemon, Request(action=api.WRITE, ref="half", data=b"x"))
    refusal(write, daemon, Request(action=api.STAT, ref="known", expected=already))
    resources = client.call(stub.ListResources, leases.ListResourcesRequest(id="kept")).resources
    wanted = {("content", digest), ("content", already), ("ingests", "half")}
    assert {(one.type, one.id) for one in resources} == wanted
    client.metadata = (*client.metadata[:1], ("containerd-lease", "missing"))
    refused = refusal(write, daemon, Request(action=api.COMMIT, ref="n", data=b"not kept"))
    assert refused.code is StatusCode.NOT_FOUND


def test_labels(daemon: Daemon) -> None:
    digest = put(daemon, b"labelled", one="1", two="2")
    stub = daemon.client.stub(ContentStub)

    def update(*paths: str, **labels: str) -> dict[str, str]:
        asked = api.UpdateRequest(
            info=api.Info(digest=digest, labels=labels), update_mask=FieldMask(paths=paths)
        )
        daemon.client.call(stub.Update, asked)
        return dict(info(daemon, digest).labels)

    assert update("labels.one", "labels.three", one="I", three="3", two="no") == {
        "one": "I",
        "two": "2",
        "three": "3",
    }
    assert update("labels.one") == {"two": "2", "three": "3"}
    assert update("labels", four="4") == {"four": "4"}
    assert update(five="5") == {"five": "5"}
    assert update("labels.a.b/c", **{"a.b/c": "d"}) == {"five": "5", "a.b/c": "d"}
    for refused in (
        refusal(update, "size"),
        refusal(update, "labels.long", long="x" * 4096),
    ):
        assert refused.code is StatusCode.INVALID_ARGUMENT
    unknown = api.UpdateRequest(info=api.Info(digest=digest_of(b"unknown")))
    assert refusal(daemon.client.call, stub.Update, unknown).code is StatusCode.NOT_FOUND


def test_lists_are_filtered(daemon: Daemon) -> None:
    data = [b"blob %d" % number for number in range(250)]
    digests = [put(daemon, one, parity="odd" if number % 2 else "even") for number, one in enumerate(data)]
    stub = daemon.client.stub(ContentStub)

    def listed(*filters: str) -> list[str]:
        answers = daemon.client.all(stub.List, api.ListContentRequest(filters=filters))
        assert max((len(answer.info) for answer in answers), default=0) <= 100
        return [one.digest for answer in answers for one in answer.info]

    assert listed() == sorted(digests)
    assert listed("labels.parity==odd") == sorted(digests[1::2])
    assert listed(f"digest=={digests[3]}", f"digest=={digests[4]}") == sorted(digests[3:5])
    assert listed("labels.nothing") == []
    assert refusal(listed, "labels.parity=odd").code is StatusCode.INVALID_ARGUMENT


def test_a_blob_is_deleted(daemon: Daemon) -> None:
    digest = put(daemon, b"short-lived")
    stub = daemon.client.stub(ContentStub)
    delete = api.DeleteContentRequest(digest=digest)
    daemon.client.call(stub.Delete, delete)
    for call in (
        lambda: daemon.client.call(stub.Delete, delete),
        lambda: info(daemon, digest),
        lambda: read(daemon, digest),
    ):
        assert refusal(call).code is StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "sha256:",
        "sha256:" + "A" * 64,
        "sha256:" + "0" * 63,
        "sha256:../../../../etc/passwd",
        "md5:" + "0" * 32,
        "x",
    ],
)
def test_what_is_no_digest_is_refused(daemon: Daemon, digest: str) -> None:
    stub = daemon.client.stub(ContentStub)
    calls: tuple[Callable[[], object], ...] = (
        lambda: info(daemon, digest),
        lambda: read(daemon, digest),
        lambda: daemon.client.call(stub.Delete, api.DeleteContentRequest(digest=digest)),
        lambda: daemon.client.call(stub.Update, api.UpdateRequest(info=api.Info(digest=digest))),
    )
    for call in calls:
        assert refusal(call).code is StatusCode.INVALID_ARGUMENT
