"""ttrpc, the protocol between containerd and its shims: client and server for asyncio, and a client without asyncio.

    from tiffin.ttrpc import Client, Server, unary
    async with await Client.connect("unix:///run/containerd/s/...") as client:
        answer = await client.call("containerd.task.v2.Task", "Connect", request, ConnectResponse)

Names are loaded when they are first used: importing this package alone costs nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.ttrpc.blocking import BlockingClient as BlockingClient
    from tiffin.ttrpc.client import Client as Client
    from tiffin.ttrpc.client import Stream as Stream
    from tiffin.ttrpc.limits import Limits as Limits
    from tiffin.ttrpc.message import Raw as Raw
    from tiffin.ttrpc.peer import Peer as Peer
    from tiffin.ttrpc.peer import same_user as same_user
    from tiffin.ttrpc.server import Context as Context
    from tiffin.ttrpc.server import Method as Method
    from tiffin.ttrpc.server import Server as Server
    from tiffin.ttrpc.server import implement as implement
    from tiffin.ttrpc.server import stream_stream as stream_stream
    from tiffin.ttrpc.server import stream_unary as stream_unary
    from tiffin.ttrpc.server import unary as unary
    from tiffin.ttrpc.server import unary_stream as unary_stream
    from tiffin.ttrpc.status import Code as Code
    from tiffin.ttrpc.status import Detail as Detail
    from tiffin.ttrpc.status import RpcError as RpcError
    from tiffin.ttrpc.status import Status as Status

__version__ = "0.1.0"

_MODULES = {
    "blocking": ("BlockingClient",),
    "client": ("Client", "Stream"),
    "limits": ("Limits",),
    "message": ("Raw",),
    "peer": ("Peer", "same_user"),
    "server": (
        "Context",
        "Method",
        "Server",
        "implement",
        "stream_stream",
        "stream_unary",
        "unary",
        "unary_stream",
    ),
    "status": ("Code", "Detail", "RpcError", "Status"),
}


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            value: object = getattr(__import__(f"{__name__}.{module}", fromlist=(name,)), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
