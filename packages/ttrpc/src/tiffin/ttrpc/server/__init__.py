"""The server: `server` listens and ends, `connection` takes requests, `call` runs a handler, `method` is the table."""

from __future__ import annotations

from tiffin.ttrpc.server.context import Context
from tiffin.ttrpc.server.method import Method, implement, stream_stream, stream_unary, unary, unary_stream
from tiffin.ttrpc.server.server import Server

__all__ = [
    "Context",
    "Method",
    "Server",
    "implement",
    "stream_stream",
    "stream_unary",
    "unary",
    "unary_stream",
]
