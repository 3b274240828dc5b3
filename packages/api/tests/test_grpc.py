"""A server and a client of grpc.aio, made of the generated stubs: answers, streams both ways, what is not there."""

# ruff: noqa: N802, ARG002  # methods are called as on the wire, and take what servicers take
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from grpc import StatusCode, aio

from tiffin.api.containerd.services.content.v1 import content_pb2 as content
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import (
    ContentServicer,
    ContentStub,
    add_ContentServicer_to_server,
)
from tiffin.api.cri.runtime.v1 import api_pb2 as cri
from tiffin.api.cri.runtime.v1.image_service_pb2_grpc import (
    ImageServiceServicer,
    ImageServiceStub,
    add_ImageServiceServicer_to_server,
)

if TYPE_CHECKING:
    InfoContext = aio.ServicerContext[content.InfoRequest, content.InfoResponse]
    ListContext = aio.ServicerContext[content.ListContentRequest, content.ListContentResponse]
    WriteContext = aio.ServicerContext[content.WriteContentRequest, content.WriteContentResponse]
    PullContext = aio.ServicerContext[cri.PullImageRequest, cri.PullImageResponse]

DIGESTS = ("sha256:one", "sha256:two")


class Content(ContentServicer):
    """Knows two blobs."""

    async def Info(self, request: content.InfoRequest, context: InfoContext) -> content.InfoResponse:
        if request.digest not in DIGESTS:
            await context.abort(StatusCode.NOT_FOUND, f"no {request.digest}")
        return content.InfoResponse(info=content.Info(digest=request.digest))

    async def List(
        self, request: content.ListContentRequest, context: ListContext
    ) -> AsyncIterator[content.ListContentResponse]:
        for digest in DIGESTS:
            yield content.ListContentResponse(info=[content.Info(digest=digest)])

    async def Write(
        self, request_iterator: AsyncIterator[content.WriteContentRequest], context: WriteContext
    ) -> AsyncIterator[content.WriteContentResponse]:
        total = 0
        async for request in request_iterator:
            total += len(request.data)
            yield content.WriteContentResponse(action=request.action, offset=total)


class Images(ImageServiceServicer):
    """Pulls everything at once."""

    async def PullImage(self, request: cri.PullImageRequest, context: PullContext) -> cri.PullImageResponse:
        return cri.PullImageResponse(
            image_ref=f"{request.sandbox_config.metadata.name}/{request.image.image}"
        )


def served(folder: Path, work: Callable[[aio.Channel], Awaitable[None]]) -> None:
    """Runs a client against a server on a socket."""

    async def run() -> None:
        server = aio.server()
        add_ContentServicer_to_server(Content(), server)
        add_ImageServiceServicer_to_server(Images(), server)
        server.add_insecure_port(f"unix://{folder}/socket")
        await server.start()
        async with aio.insecure_channel(f"unix://{folder}/socket") as channel:
            await work(channel)
        await server.stop(None)

    asyncio.run(run())


async def code_of(call: Awaitable[object]) -> StatusCode:
    try:
        answer = await call
    except aio.AioRpcError as error:
        return error.code()
    raise AssertionError(f"it was not refused: {answer}")


def test_an_answer_comes_or_its_error(tmp_path: Path) -> None:
    async def work(channel: aio.Channel) -> None:
        stub = ContentStub(channel)
        answer = await stub.Info(content.InfoRequest(digest=DIGESTS[0]))
        assert answer.info.digest == DIGESTS[0]
        assert await code_of(stub.Info(content.InfoRequest(digest="other"))) is StatusCode.NOT_FOUND

    served(tmp_path, work)


def test_what_a_servicer_lacks_is_unimplemented(tmp_path: Path) -> None:
    async def work(channel: aio.Channel) -> None:
        stub = ContentStub(channel)
        assert await code_of(stub.Abort(content.AbortRequest())) is StatusCode.UNIMPLEMENTED

    served(tmp_path, work)


def test_answers_come_in_a_stream(tmp_path: Path) -> None:
    async def work(channel: aio.Channel) -> None:
        answers = ContentStub(channel).List(content.ListContentRequest())
        assert tuple([answer.info[0].digest async for answer in answers]) == DIGESTS

    served(tmp_path, work)


def test_both_sides_stream(tmp_path: Path) -> None:
    async def work(channel: aio.Channel) -> None:
        parts = iter(content.WriteContentRequest(action=content.WRITE, data=b"x" * size) for size in (3, 4))
        answers = ContentStub(channel).Write(parts)
        assert [answer.offset async for answer in answers] == [3, 7]

    served(tmp_path, work)


def test_one_name_has_all_of_cri(tmp_path: Path) -> None:
    async def work(channel: aio.Channel) -> None:
        asked = cri.PullImageRequest(
            image=cri.ImageSpec(image="debian:12"),
            sandbox_config=cri.PodSandboxConfig(metadata=cri.PodSandboxMetadata(name="pod")),
        )
        assert (await ImageServiceStub(channel).PullImage(asked)).image_ref == "pod/debian:12"

    served(tmp_path, work)
