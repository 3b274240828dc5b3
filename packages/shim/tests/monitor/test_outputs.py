"""Output reaches its sinks whole and in order; a full sink makes the process wait; readers of FIFOs come and go."""

from __future__ import annotations

import asyncio
import os
import select
import socket
from pathlib import Path

import pytest
from packages.shim.tests.monitor.records import until
from packages.shim.tests.monitor.scene import FOREVER, Reader, Scene, Scenes, ended

from tiffin.shim.monitor import Sink, Streams

COUNT = "i=0; while [ $i -lt {lines} ]; do echo line $i; i=$((i+1)); done"


def numbered(lines: int) -> bytes:
    return b"".join(b"line %d\n" % number for number in range(lines))


def fifo(scene: Scene, name: str) -> Path:
    path = scene.file(name)
    os.mkfifo(path)
    return path


def into(*sinks: Sink) -> Streams:
    return Streams(stdout=sinks)


async def test_a_fifo_gets_all_and_then_the_end(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        with Reader.of_fifo(fifo(scene, "out")) as reader:
            await scene.run("init", COUNT.format(lines=20_000), into(scene.sink("out", "fifo")))
            assert await reader.to_the_end() == numbered(20_000)
            await scene.heard.end_of("init")


async def test_stdout_and_stderr_are_apart(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        streams = Streams(stdout=(scene.sink("out"),), stderr=(scene.sink("err"),))
        await scene.run("init", "echo one; echo two >&2; echo three", streams)
        await scene.heard.end_of("init")
        assert scene.file("out").read_text() == "one\nthree\n"
        assert scene.file("err").read_text() == "two\n"


async def test_several_sinks_get_the_same(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        with Reader.of_fifo(fifo(scene, "fifo")) as reader:
            sinks = (scene.sink("a"), scene.sink("fifo", "fifo"), scene.sink("b"))
            await scene.run("init", COUNT.format(lines=30_000), into(*sinks))
            assert await reader.to_the_end() == numbered(30_000)
            await scene.heard.end_of("init")
            assert scene.file("a").read_bytes() == scene.file("b").read_bytes() == numbered(30_000)


async def test_without_a_sink_it_is_dev_null(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", "readlink /proc/self/fd/0 /proc/self/fd/2", into(scene.sink("out")))
        await scene.heard.end_of("init")
        assert scene.file("out").read_text() == "/dev/null\n/dev/null\n"


async def test_a_file_is_appended_to_and_its_folder_is_made(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        for number in range(2):
            await scene.run(f"p{number}", "echo more", into(scene.sink("a/b/out")))
            await scene.heard.end_of(f"p{number}")
        assert scene.file("a/b/out").read_text() == "more\nmore\n"


async def test_a_fifo_sink_that_is_no_fifo_is_appended_to(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        scene.file("out").write_text("before\n")
        null = Sink("fifo", "/dev/null")
        await scene.run("init", "echo after", into(scene.sink("out", "fifo"), null))
        await scene.heard.end_of("init")
        assert scene.file("out").read_text() == "before\nafter\n"


async def test_the_pipes_have_the_owner_that_was_asked_for(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        owner = (os.geteuid(), os.getegid())
        streams = into(scene.sink("out")).replace(owner=owner)
        await scene.run("init", "stat -L -c '%u %g' /proc/self/fd/1", streams)
        await scene.heard.end_of("init")
        assert scene.file("out").read_text() == f"{owner[0]} {owner[1]}\n"


@pytest.mark.parametrize("others", [0, 1], ids=["spliced", "copied"])
async def test_the_process_waits_while_nobody_reads_and_nothing_is_lost(
    scene_of: Scenes, others: int
) -> None:
    async with scene_of() as scene:
        path = fifo(scene, "fifo")
        progress = fifo(scene, "progress")
        sinks = (scene.sink("fifo", "fifo"), *(scene.sink(f"file{n}") for n in range(others)))
        script = f"{COUNT.format(lines=60_000)}; echo done > {progress}"
        with Reader.of_fifo(progress, ends=False) as told:
            await scene.run("init", script, into(*sinks))
            writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)  # the monitor holds the other end
            try:
                await full(writer)
            finally:
                os.close(writer)
            assert told.read == b""
            with Reader.of_fifo(path) as reader:
                assert await reader.to_the_end() == numbered(60_000)
            await told.until(b"done")
            await scene.heard.end_of("init")
            (process,) = await scene.monitor.processes()
            assert process.lost == 0


async def full(writer: int) -> None:
    """Waits till a FIFO is full: nothing tells of that, so the loop runs round."""
    async with asyncio.timeout(20):
        while select.select([], [writer], [], 0)[1]:  # noqa: ASYNC110  # a pipe tells only when it has room
            await asyncio.sleep(0)


async def test_a_reader_goes_and_another_comes(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        path = fifo(scene, "out")
        go = fifo(scene, "go")
        told = f"until read x < {go}; do :; done"  # the writer of the line before may not have closed it yet
        await scene.run(
            "init",
            f"echo one; {told}; echo two; {told}; echo three",
            into(scene.sink("out", "fifo")),
        )
        for word in (b"one\n", b"two\n", b"three\n"):
            with Reader.of_fifo(path) as reader:
                await reader.until(word)
                assert reader.read == word
            await asyncio.to_thread(go.write_text, "\n") if word != b"three\n" else None
        await scene.heard.end_of("init")


async def test_what_is_left_in_a_fifo_waits_for_the_next_reader(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        path = fifo(scene, "out")
        await scene.run("init", "echo last words", into(scene.sink("out", "fifo")))
        await scene.heard.end_of("init")
        await scene.monitor.close()  # nobody is there, and yet it must not end
        with Reader.of_fifo(path) as reader:
            assert await reader.to_the_end() == b"last words\n"


async def test_what_is_left_in_a_fifo_is_given_up_when_the_process_is_forgotten(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        path = fifo(scene, "out")
        before = scene.descriptors()
        await scene.run("init", "echo last words", into(scene.sink("out", "fifo")))
        await scene.heard.end_of("init")
        await scene.monitor.forget("init")
        assert scene.descriptors() == before
        with Reader.of_fifo(path) as reader:
            assert await reader.to_the_end() == b""


async def test_a_fifo_that_nobody_reads_holds_as_many_lines_as_any(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        path = fifo(scene, "out")
        await scene.run("init", f"{COUNT.format(lines=4000)}", into(scene.sink("out", "fifo")))
        await scene.heard.exit_of("init")  # it did not have to wait
        with Reader.of_fifo(path) as reader:
            assert await reader.to_the_end() == numbered(4000)


async def test_one_fifo_for_both_outputs(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        path = fifo(scene, "out")
        sink = scene.sink("out", "fifo")
        with Reader.of_fifo(path) as reader:
            lines = 5_000
            script = f"({COUNT.format(lines=lines)}) & ({COUNT.format(lines=lines)}) >&2; wait"
            await scene.run("init", script, Streams(stdout=(sink,), stderr=(sink,)))
            read = await reader.to_the_end()
        assert sorted(read.splitlines()) == sorted(numbered(lines).splitlines() * 2)


@pytest.mark.parametrize("kind", ["pipe", "stream", "seqpacket", "file"])
async def test_a_descriptor_is_a_sink(scene_of: Scenes, kind: str) -> None:
    async with scene_of() as scene:
        if kind == "file":
            scene.file("out").touch()
            reading, writing = (os.open(scene.file("out"), flags) for flags in (os.O_RDONLY, os.O_WRONLY))
        elif kind == "pipe":
            reading, writing = os.pipe()
        else:
            types = {"stream": socket.SOCK_STREAM, "seqpacket": socket.SOCK_SEQPACKET}
            reading, writing = (end.detach() for end in socket.socketpair(socket.AF_UNIX, types[kind]))
        with Reader(reading) as reader:
            await scene.run("init", COUNT.format(lines=50_000), into(Sink("descriptor", descriptor=writing)))
            assert os.get_blocking(writing)
            os.close(writing)
            if kind == "file":
                await scene.heard.end_of("init")
            assert await reader.to_the_end() == numbered(50_000)
            await scene.heard.end_of("init")


async def test_a_socket_that_nobody_reads_makes_only_the_process_wait(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        data = os.urandom(2_000_000)
        scene.file("data").write_bytes(data)
        reading, writing = (end.detach() for end in socket.socketpair())
        with Reader(reading) as reader:
            script = f"exec dd if={scene.file('data')} bs=1M status=none"  # much at once is spliced
            pid = await scene.run("init", script, into(Sink("descriptor", descriptor=writing)))
            os.close(writing)
            await until(lambda: "pipe_write" in Path(f"/proc/{pid}/wchan").read_text())  # the process does
            async with asyncio.timeout(20):
                assert len(await scene.monitor.processes()) == 1
            assert await reader.to_the_end() == data
            await scene.heard.end_of("init")


async def test_a_descriptor_whose_reader_is_gone_loses_what_comes_and_the_process_lives(
    scene_of: Scenes,
) -> None:
    async with scene_of() as scene:
        reading, writing = os.pipe()
        os.close(reading)
        await scene.run(
            "init", COUNT.format(lines=1000), into(Sink("descriptor", descriptor=writing), scene.sink("out"))
        )
        os.close(writing)
        assert (await scene.heard.end_of("init")).status == 0
        (process,) = await scene.monitor.processes()
        assert process.lost == len(numbered(1000)) == len(scene.file("out").read_bytes())
        assert scene.log().count("output is lost: its reader is gone: EPIPE") == 1


async def test_a_child_that_keeps_the_output_open_delays_drained_but_not_exited(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        go = fifo(scene, "go")
        script = f"(read x < {go}; echo late) & echo early"
        await scene.run("init", script, scene.to_file())
        await scene.heard.exit_of("init")
        assert ("drained", "init") not in scene.heard.order
        (process,) = await scene.monitor.processes()
        assert not process.drained
        await asyncio.to_thread(go.write_text, "\n")
        await scene.heard.end_of("init")
        assert scene.file("out").read_text() == "early\nlate\n"


async def test_a_living_process_that_is_forgotten_writes_to_nobody(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        before = scene.descriptors()
        pid = await scene.run("init", f"trap '' PIPE; echo x; {FOREVER}", scene.to_file())
        await scene.monitor.forget("init")
        assert scene.descriptors() == before
        os.kill(pid, 9)
        await ended(pid)


async def test_binary_output_is_exact_through_a_fifo_and_a_file(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        data = os.urandom(3_000_000)
        scene.file("data").write_bytes(data)
        with Reader.of_fifo(fifo(scene, "fifo")) as reader:
            await scene.run(
                "init", f"cat {scene.file('data')}", into(scene.sink("fifo", "fifo"), scene.sink("file"))
            )
            assert await reader.to_the_end() == data
            await scene.heard.end_of("init")
            assert scene.file("file").read_bytes() == data
