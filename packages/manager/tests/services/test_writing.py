"""Writing by the service `content`: ingests, their locks and places, and blobs that others have."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode, aio
from packages.manager.tests.client import SECONDS, refusal
from packages.manager.tests.services.blobs import Request, digest_of, info, put, read, status, write

from tiffin.api.containerd.services.content.v1 import content_pb2 as api
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from packages.manager.tests.services.daemons import Daemon

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr")]


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
