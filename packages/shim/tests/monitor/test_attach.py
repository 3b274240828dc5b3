"""Clients attach to a process's streams by descriptors: any number, at any time; who does not read is cut off alone."""

from __future__ import annotations

import asyncio
import os
import select
import socket
import tty

import pytest
from packages.shim.tests.monitor.scene import FOREVER, Reader, Scene, Scenes

from tiffin.shim.monitor import Streams

ATTACHABLE = Streams(attachable=True, attached_stdin=True)


async def attached(scene: Scene, name: str = "init", stream: str = "stdout") -> Reader:
    """A client that reads a stream from now on."""
    reading, writing = os.pipe()
    try:
        await scene.monitor.attach(name, **{stream: writing})
    finally:
        os.close(writing)
    return Reader(reading)


async def writing_to(scene: Scene, name: str = "init") -> int:
    """The end of a pipe that is attached to stdin."""
    reading, writing = os.pipe()
    try:
        await scene.monitor.attach(name, stdin=reading)
    finally:
        os.close(reading)
    return writing


async def test_two_clients_get_the_same_and_a_late_one_what_comes_from_then_on(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", "while read line; do echo $line; done", ATTACHABLE)
        stdin = await writing_to(scene)
        with await attached(scene) as one, await attached(scene) as two:
            os.write(stdin, b"early\n")
            await one.until(b"early\n")
            await two.until(b"early\n")
            with await attached(scene) as late:
                os.write(stdin, b"later\n")
                os.close(stdin)
                await scene.monitor.close_stdin("init")
                assert await late.to_the_end() == b"later\n"
            assert await one.to_the_end() == await two.to_the_end() == b"early\nlater\n"


async def test_stdout_and_stderr_are_attached_apart(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", "read x; echo out; echo err >&2", ATTACHABLE)
        with await attached(scene) as out, await attached(scene, stream="stderr") as err:
            os.close(await writing_to(scene))
            await scene.monitor.close_stdin("init")
            assert (await out.to_the_end(), await err.to_the_end()) == (b"out\n", b"err\n")


async def test_a_client_that_does_not_read_is_cut_off_alone(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        lines = 200_000
        await scene.run(
            "init", f"read x; seq {lines}; read x", ATTACHABLE.replace(stdout=(scene.sink("out"),))
        )
        with await attached(scene) as slow, await attached(scene) as fast:
            stdin = await writing_to(scene)
            os.write(stdin, b"\n")
            whole = b"".join(b"%d\n" % number for number in range(1, lines + 1))
            await fast.until(b"\n%d\n" % lines)
            assert fast.read == whole
            got = await slow.to_the_end()  # it has ended, though the process lives
            assert 65_536 <= len(got) < len(whole)
            assert whole.startswith(got)
            os.close(stdin)
            await scene.monitor.close_stdin("init")
            await scene.heard.end_of("init")
        assert scene.file("out").read_bytes() == whole
        assert scene.log().count("a client is cut off") == 1


async def test_a_client_that_is_late_gets_all_as_far_as_its_buffer_goes(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        data = os.urandom(200_000)
        scene.file("data").write_bytes(data)
        await scene.run(
            "init", f"read x; cat {scene.file('data')}", ATTACHABLE.replace(stdout=(scene.sink("out"),))
        )
        with await attached(scene) as client:
            os.close(await writing_to(scene))
            await scene.monitor.close_stdin("init")
            await scene.heard.end_of("init")
            await scene.monitor.close()  # the monitor stays until that is read
            assert await client.to_the_end() == data


async def test_clients_that_go_leave_nothing(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", FOREVER, ATTACHABLE)
        before = scene.descriptors()
        for _ in range(50):
            (await attached(scene)).close()
            os.close(await writing_to(scene))
        await scene.monitor.processes()
        await asyncio.sleep(0)
        assert scene.descriptors() <= before + 2  # what has closed last may still stand to be noticed
        await scene.monitor.processes()
        await scene.monitor.processes()
        assert scene.descriptors() == before


async def test_a_socket_for_all_streams_is_half_closed(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", "cat; echo end", ATTACHABLE)
        ours, its = socket.socketpair()
        with its:
            await scene.monitor.attach("init", stdin=its.fileno(), stdout=its.fileno())
            assert its.getblocking()
        with Reader(ours.detach()) as reader:
            os.write(reader.descriptor, b"hello\n")
            await reader.until(b"hello\n")
            with socket.socket(fileno=os.dup(reader.descriptor)) as end:
                end.shutdown(socket.SHUT_WR)
            await scene.monitor.close_stdin("init")
            assert await reader.to_the_end() == b"hello\nend\n"


@pytest.mark.parametrize("attached_end", [0, 1], ids=["master", "slave"])
async def test_either_end_of_a_pty_reads_along(scene_of: Scenes, attached_end: int) -> None:
    async with scene_of() as scene:
        await scene.run("init", f"read x; echo line; {FOREVER}", ATTACHABLE)
        ends = os.openpty()
        tty.setraw(ends[1])
        try:
            await scene.monitor.attach("init", stdout=ends[attached_end])
            os.close(await writing_to(scene))
            await scene.monitor.close_stdin("init")
            with Reader(os.dup(ends[1 - attached_end])) as reader:
                await reader.until(b"line\n")
        finally:
            for end in ends:
                os.close(end)


async def test_what_a_client_wrote_before_close_stdin_is_read_first(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", "wc -c", ATTACHABLE)
        with await attached(scene) as out:
            stdin = await writing_to(scene)
            os.write(stdin, bytes(50_000))
            await scene.monitor.close_stdin("init")
            assert int(await out.to_the_end()) == 50_000
            os.close(stdin)


async def test_attaching_to_what_is_not_there_shows_the_end(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", FOREVER)
        with await attached(scene) as client:
            assert await client.to_the_end() == b""
        stdin = await writing_to(scene)
        try:
            poll = select.poll()
            poll.register(stdin, 0)
            assert await asyncio.to_thread(poll.poll, 20_000) == [(stdin, select.POLLERR)]
        finally:
            os.close(stdin)


async def test_what_no_client_takes_is_dropped(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", "seq 100000", ATTACHABLE)
        assert (await scene.heard.end_of("init")).status == 0
        (process,) = await scene.monitor.processes()
        assert process.lost == 0  # nobody had asked for it
