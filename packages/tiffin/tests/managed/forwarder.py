"""A process that forwards connections to a unix socket, as `ssh -L` does: `forwarder.py SOCKET [PATH]`.

It prints where it listens: the path, or a port of 127.0.0.1 if there is none.
"""

from __future__ import annotations

import asyncio
import sys


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # either end may go at any time
    finally:
        writer.close()


async def main(target: str, path: str) -> None:
    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, there = await asyncio.open_unix_connection(target)
        await asyncio.gather(pump(reader, there), pump(back, writer))

    if path:
        server = await asyncio.start_unix_server(forward, path)
        print(path, flush=True)
    else:
        server = await asyncio.start_server(forward, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""))
