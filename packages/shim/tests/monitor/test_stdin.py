"""What clients write to the FIFO of stdin reaches the process; they come and go; `close_stdin` ends it after that."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from packages.shim.tests.monitor.scene import FOREVER, Reader, Scene, Scenes

from tiffin.shim.monitor import Streams


def streams_of(scene: Scene) -> tuple[Path, Streams]:
    path = scene.file("in")
    os.mkfifo(path)
    os.mkfifo(scene.file("out"))
    return path, Streams(stdin=str(path), stdout=(scene.sink("out", "fifo"),))


async def test_clients_come_and_go_and_then_it_is_closed(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        path, streams = streams_of(scene)
        with Reader.of_fifo(scene.file("out")) as reader:
            await scene.run("init", "cat; echo end", streams)
            for word in ("one\n", "two\n"):
                await asyncio.to_thread(path.write_text, word)
                await reader.until(word.encode())
            await scene.monitor.close_stdin("init")
            assert await reader.to_the_end() == b"one\ntwo\nend\n"
            await scene.heard.end_of("init")
            await scene.monitor.close_stdin("init")  # once more is no error


async def test_what_was_written_before_close_stdin_is_read_first(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        path, streams = streams_of(scene)
        data = os.urandom(1_000_000)
        with Reader.of_fifo(scene.file("out")) as reader:
            await scene.run("init", "cat", streams)
            with path.open("wb", buffering=0) as client:
                writing = asyncio.to_thread(client.write, data)
                reading = asyncio.create_task(reader.to_the_end())
                await writing
                await scene.monitor.close_stdin("init")
            assert await reading == data


async def test_close_stdin_waits_for_a_client_that_still_has_it_open(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        path, streams = streams_of(scene)
        with Reader.of_fifo(scene.file("out")) as reader:
            await scene.run("init", "cat; echo end", streams)
            with path.open("wb", buffering=0) as client:
                await scene.monitor.close_stdin("init")
                client.write(b"still here\n")
                await reader.until(b"still here\n")
            assert await reader.to_the_end() == b"still here\nend\n"


async def test_close_stdin_before_anything_came(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        _, streams = streams_of(scene)
        with Reader.of_fifo(scene.file("out")) as reader:
            await scene.run("init", "cat; echo end", streams)
            await scene.monitor.close_stdin("init")
            assert await reader.to_the_end() == b"end\n"


async def test_a_client_stalls_while_the_process_does_not_read(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        path, streams = streams_of(scene)
        go = scene.file("go")
        os.mkfifo(go)
        with Reader.of_fifo(scene.file("out")) as reader:
            await scene.run("init", f"read x < {go}; wc -c", streams)
            with path.open("wb", buffering=0) as client:
                os.set_blocking(client.fileno(), False)
                sent = await fill(client.fileno())
                assert sent < 1_000_000
            await asyncio.to_thread(go.write_text, "\n")
            await scene.monitor.close_stdin("init")
            assert int(await reader.to_the_end()) == sent


async def fill(descriptor: int) -> int:
    """Writes till nothing more goes in for a while; how much did."""
    sent = refused = 0
    while refused < 2000:
        try:
            sent += os.write(descriptor, bytes(4096))
            refused = 0
        except BlockingIOError:
            refused += 1
        await asyncio.sleep(0)
    return sent


async def test_the_writer_of_a_fifo_is_told_when_the_process_has_ended(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        path, streams = streams_of(scene)
        await scene.run("init", FOREVER, streams)
        client = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        try:
            await scene.monitor.signal("init", 9)
            await scene.heard.exit_of("init")
            try:
                os.write(client, b"x")
                raise AssertionError("nobody reads, and yet it was written")
            except BrokenPipeError:
                pass
        finally:
            os.close(client)


async def test_a_process_that_closes_its_stdin_lives_on(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        path, streams = streams_of(scene)
        with Reader.of_fifo(scene.file("out")) as reader:
            await scene.run("init", f"exec 0<&-; echo closed; {FOREVER}", streams)
            await reader.until(b"closed\n")
            await asyncio.to_thread(path.write_bytes, bytes(1000))
            (process,) = await scene.monitor.processes()
            assert process.exit is None


async def test_a_file_as_stdin_is_read_to_its_end(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        scene.file("in").write_bytes(b"line\n" * 100_000)
        streams = scene.to_file().replace(stdin=str(scene.file("in")))
        await scene.run("init", "wc -l", streams)
        await scene.heard.end_of("init")
        assert scene.file("out").read_text().strip() == "100000"
