"""A client goes just when its call is refused: that is no failure of ours."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from google.protobuf.empty_pb2 import Empty
from grpc import aio

from tiffin.api.containerd.services.version.v1.version_services import VERSION
from tiffin.image.errors import NotFound
from tiffin.manager.grpc_edge.call import Call
from tiffin.manager.grpc_edge.handlers import handler_of
from tiffin.manager.grpc_edge.offer import Offer
from tiffin.manager.grpc_edge.workers import Workers


class Gone:
    """The context of a call whose client has gone, as grpc.aio has it until it is told so."""

    def invocation_metadata(self) -> tuple[()]:
        return ()

    def peer(self) -> str:
        return "unix:"

    async def abort(self, *_: object) -> None:
        raise aio.InternalError("Failed execute_batch")


class Details:
    method = f"/{VERSION.name}/Version"
    invocation_metadata = ()


async def refused(_request: Empty, _call: Call) -> None:
    raise NotFound("there is none")


def test_it_ends_as_one_that_was_given_up() -> None:
    async def work() -> None:
        with Workers() as workers:
            handler = handler_of(Offer(VERSION, {"Version": refused}), workers).service(cast("Any", Details))
            with pytest.raises(asyncio.CancelledError):
                await cast("Any", handler).unary_unary(b"", Gone())

    asyncio.run(work())
