"""`payload_of`: what a response gives to the caller: its payload, or an error."""

from __future__ import annotations

from tiffin.ttrpc.status import Code, RpcError
from tiffin.ttrpc.wire.envelope import Response
from tiffin.ttrpc.wire.protobuf import Malformed


def payload_of(data: bytes) -> bytes:
    """The payload of a response. Raises RpcError: what it tells of, or INTERNAL if it is none."""
    try:
        response = Response.decode(data)
    except Malformed as error:
        raise RpcError(Code.INTERNAL, f"what came is no response: {error}") from error
    if response.status.code:
        raise RpcError.of(response.status)
    return response.payload
