"""The service `content`: what containerd answers, ours does."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode, aio
from packages.manager.tests.client import SECONDS, refusal

from tiffin.api.containerd.services.content.v1 import content_pb2 as api
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub
from tiffin.api.containerd.services.leases.v1 import leases_pb2 as leases
from tiffin.api.containerd.services.leases.v1.leases_pb2_grpc import LeasesStub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from packages.manager.tests.services.daemons import Daemon

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr")]
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


def offset_of(answer: object) -> int:
    assert isinstance(answer, api.WriteContentResponse)
    return answer.offset


def test_a_blob_is_written_step_by_step(daemon: Daemon) -> None:
    data, before = b"0123456789", time.time_ns()
    digest = digest_of(data)
    answers = write(
        daemon,
        Request(action=api.STAT, ref="steps", total=10, expected=digest),
        Request(action=api.WRITE, data=data[:4]),
        Request(action=api.STAT),
        Request(action=api.WRITE, offset=4, data=data[4:6]),
        Request(action=api.COMMIT, offset=6, data=data[6:], labels={"made": "by a test", "empty": ""}),
    )[:5]
    steps = [(answer.action, answer.offset) for answer in answers]
    assert steps == [(api.STAT, 0), (api.WRITE, 4), (api.STAT, 4), (api.WRITE, 6), (api.COMMIT, 10)]
    assert [answer.total for answer in answers if answer.action == api.STAT] == [10, 10]
    empty, four, six = (digest_of(data[:count]) for count in (0, 4, 6))
    assert [answer.digest for answer in answers] == [empty, four, four, six, digest]
    stated = answers[2]
    assert before <= stated.started_at.ToNanoseconds() <= time.time_ns()
    found = info(daemon, digest)
    assert (found.digest, found.size, dict(found.labels)) == (digest, 10, {"made": "by a test"})
    assert before <= found.created_at.ToNanoseconds() <= time.time_ns()
    assert found.updated_at == found.created_at
    assert refusal(status, daemon, "steps").code is StatusCode.NOT_FOUND


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


def test_an_ingest_is_gone_on_with(daemon: Daemon) -> None:
    data = b"in two calls"
    write(daemon, Request(action=api.WRITE, ref="resumed", total=len(data), data=data[:6]))
    found = status(daemon, "resumed")
    assert (found.ref, found.offset, found.total, found.expected) == ("resumed", 6, len(data), "")
    assert found.updated_at.ToNanoseconds() >= found.started_at.ToNanoseconds() > 0
    stub = daemon.client.stub(ContentStub)
    listed = daemon.client.call(stub.ListStatuses, api.ListStatusesRequest()).statuses
    assert [one.ref for one in listed] == ["resumed"]
    answers = write(
        daemon,
        Request(action=api.STAT, ref="resumed"),
        Request(action=api.COMMIT, offset=6, data=data[6:], expected=digest_of(data)),
    )
    assert (answers[0].offset, answers[0].digest) == (6, digest_of(data[:6]))
    assert read(daemon, answers[-1].digest) == data


def test_writing_at_the_beginning_starts_again(daemon: Daemon) -> None:
    write(daemon, Request(action=api.WRITE, ref="again", data=b"wrong bytes"))
    answers = write(daemon, Request(action=api.COMMIT, ref="again", data=b"right"))
    assert answers[-1].digest == digest_of(b"right")


def test_another_place_is_refused(daemon: Daemon) -> None:
    first = Request(action=api.WRITE, ref="hole", data=b"12345")
    refused = refusal(write, daemon, first, Request(action=api.WRITE, offset=7, data=b"x"))
    assert refused.code is StatusCode.OUT_OF_RANGE
    assert refused.text == "write @7 must occur at current offset 5"
    assert status(daemon, "hole").offset == 5


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Request(action=api.WRITE, data=b"x"), StatusCode.INVALID_ARGUMENT),
        (Request(action=api.COMMIT, ref="r", data=b"x", total=2), StatusCode.FAILED_PRECONDITION),
        (
            Request(action=api.COMMIT, ref="r", data=b"x", expected=digest_of(b"y")),
            StatusCode.FAILED_PRECONDITION,
        ),
    ],
)
def test_what_cannot_become_a_blob(daemon: Daemon, request_: Request, code: StatusCode) -> None:
    assert refusal(write, daemon, request_).code is code


def test_a_blob_that_is_there_is_not_written_again(daemon: Daemon) -> None:
    digest = put(daemon, b"once")
    for request in (
        Request(action=api.STAT, ref="one", expected=digest),
        Request(action=api.COMMIT, ref="two", data=b"once", expected=digest),
        Request(action=api.COMMIT, ref="three", data=b"once"),
    ):
        assert refusal(write, daemon, request).code is StatusCode.ALREADY_EXISTS
    later = (Request(action=api.WRITE, ref="four", data=b"on"), Request(action=api.STAT, expected=digest))
    assert refusal(write, daemon, *later).code is StatusCode.ALREADY_EXISTS
    stub = daemon.client.stub(ContentStub)
    assert not daemon.client.call(stub.ListStatuses, api.ListStatusesRequest()).statuses


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


@pytest.mark.parametrize("ref", ["../../../etc/x", "/", "a\0b", "x" * 2000, "ü\n"])
def test_any_name_of_an_ingest_is_only_a_name(daemon: Daemon, ref: str) -> None:
    write(daemon, Request(action=api.WRITE, ref=ref, data=b"x"))
    assert status(daemon, ref).ref == ref
    stub = daemon.client.stub(ContentStub)
    daemon.client.call(stub.Abort, api.AbortRequest(ref=ref))
    assert refusal(status, daemon, ref).code is StatusCode.NOT_FOUND
    gone = api.AbortRequest(ref=ref)
    assert refusal(daemon.client.call, stub.Abort, gone).code is StatusCode.NOT_FOUND


def test_one_client_at_a_time_writes_an_ingest(daemon: Daemon) -> None:
    client = daemon.client
    stub = client.stub(ContentStub)

    async def both() -> None:
        held = stub.Write(metadata=client.metadata, timeout=SECONDS)
        await held.write(Request(action=api.WRITE, ref="locked", data=b"first"))
        assert offset_of(await held.read()) == 5
        other = stub.Write(iter([Request(action=api.STAT, ref="locked")]), metadata=client.metadata)
        async for _ in other:
            pass

    assert refusal(client.run, both()).code is StatusCode.UNAVAILABLE


def test_what_a_client_has_written_that_disconnects_is_gone_on_with(daemon: Daemon) -> None:
    client = daemon.client
    stub = client.stub(ContentStub)

    async def disconnect() -> None:
        writing = stub.Write(metadata=client.metadata)
        await writing.write(Request(action=api.WRITE, ref="cut", data=b"left "))
        assert offset_of(await writing.read()) == 5
        writing.cancel()

    async def requests() -> AsyncIterator[Request]:
        yield Request(action=api.STAT, ref="cut")

    async def opened() -> int:
        """Once the daemon has noticed that the other one is gone."""
        while True:
            answers = stub.Write(requests(), metadata=client.metadata, timeout=SECONDS)
            try:
                return [answer.offset async for answer in answers][-1]
            except aio.AioRpcError as error:
                if error.code() is not StatusCode.UNAVAILABLE:
                    raise

    client.run(disconnect())
    assert client.run(opened()) == 5
    answers = write(daemon, Request(action=api.COMMIT, ref="cut", offset=5, data=b"over"))
    assert read(daemon, answers[-1].digest) == b"left over"


def test_a_blob_of_another_namespace_needs_not_be_sent(daemon: Daemon) -> None:
    digest = put(daemon, b"shared", owner="first")
    other = daemon.fresh()
    assert refusal(info, other, digest).code is StatusCode.NOT_FOUND
    answers = write(
        other,
        Request(action=api.STAT, ref="shared", total=6, expected=digest),
        Request(action=api.COMMIT, offset=6, total=6, expected=digest, labels={"owner": "second"}),
    )
    assert (answers[0].offset, answers[0].digest) == (6, digest)
    assert dict(info(other, digest).labels) == {"owner": "second"}
    assert dict(info(daemon, digest).labels) == {"owner": "first"}
    stub = daemon.client.stub(ContentStub)
    daemon.client.call(stub.Delete, api.DeleteContentRequest(digest=digest))
    assert read(other, digest) == b"shared"


def test_who_sends_a_shared_blob_all_the_same_has_it(daemon: Daemon) -> None:
    digest = put(daemon, b"sent twice")
    other = daemon.fresh()
    answers = write(
        other,
        Request(action=api.WRITE, ref="sent", expected=digest, data=b"sent "),
        Request(action=api.COMMIT, offset=5, data=b"twice"),
    )
    assert answers[-1].digest == digest
    assert read(other, digest) == b"sent twice"


def test_more_is_appended_to_a_shared_blob(daemon: Daemon) -> None:
    digest = put(daemon, b"begun")
    other = daemon.fresh()
    answers = write(
        other,
        Request(action=api.STAT, ref="more", expected=digest),
        Request(action=api.WRITE, offset=5, data=b" and ended"),
    )
    assert answers[-1].offset == 15
    assert status(other, "more").offset == 15
