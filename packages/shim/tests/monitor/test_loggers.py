"""Loggers with containerd's protocol: 3 is stdout, 4 stderr, 5 says that it is ready; what they lose is counted."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from packages.shim.tests.monitor.records import written
from packages.shim.tests.monitor.scene import Reader, Scene, Scenes

from tiffin.runtime.errors import FailedPrecondition, NotFound
from tiffin.shim.monitor import CommandFailed, Sink, Spawn, Streams


def logger(scene: Scene, script: str, kind: str = "binary") -> Streams:
    """Both outputs to a logger that is a shell's script; $1 is this scene's folder."""
    sink = Sink(
        kind,
        "/bin/sh",
        ("-c", script, "sh", str(scene.folder)),
        ("CONTAINER_ID=c1", "CONTAINER_NAMESPACE=n1"),
    )
    return Streams(stdout=(sink,), stderr=(sink,))


async def test_it_reads_both_outputs_and_knows_the_container(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        script = """
            exec 5>&-
            cat <&4 > $1/err & cat <&3 > $1/out; wait
            echo $CONTAINER_ID $CONTAINER_NAMESPACE $(ls /proc/self/fd | wc -l) > $1/done
        """
        await scene.run("init", "seq 10000; seq 5000 >&2", logger(scene, script))
        await scene.rest()
        assert scene.file("done").read_text() == "c1 n1 6\n"  # 0 to 4, and ls's own
        assert scene.file("out").read_text().splitlines() == [str(number) for number in range(1, 10_001)]
        assert scene.file("err").read_text().splitlines() == [str(number) for number in range(1, 5001)]


@pytest.mark.parametrize("kind", ["binary", "binary-v2"])
async def test_the_process_starts_when_it_is_ready(scene_of: Scenes, kind: str) -> None:
    async with scene_of() as scene:
        go = scene.file("go")
        os.mkfifo(go)
        ready = "echo >&5; exec 5>&-" if kind == "binary-v2" else "exec 5>&-"
        script = (
            f"echo begin >> $1/order; read x < {go}; echo ready >> $1/order; {ready}; cat <&3 >> $1/order"
        )
        starting = asyncio.create_task(scene.run("init", "echo started", logger(scene, script, kind)))
        await written(scene.file("order"), b"begin\n")
        (process,) = await scene.monitor.processes()
        assert process.pid == 0
        await asyncio.to_thread(go.write_text, "\n")
        await starting
        await scene.rest()
        assert scene.file("order").read_text() == "begin\nready\nstarted\n"


async def test_one_that_is_not_there_is_refused(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        before = scene.descriptors()
        with pytest.raises(NotFound):
            await scene.run("init", "exit 0", Streams(stdout=(Sink("binary", "/no/logger"),)))
        assert scene.descriptors() == before


async def test_one_that_dies_before_it_is_ready_is_refused_where_it_must_write(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        before = scene.descriptors()
        with pytest.raises(FailedPrecondition):
            await scene.run("init", "exit 0", logger(scene, "exit 1", "binary-v2"))
        assert await scene.monitor.processes() == ()
        assert scene.descriptors() == before


async def test_one_that_dies_does_not_take_the_process_along(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        streams = logger(scene, "exec 5>&-; read line <&3; echo $line > $1/got")
        await scene.run("init", "seq 100000; seq 100000 >&2; exit 9", streams)
        assert (await scene.heard.end_of("init")).status == 9
        (process,) = await scene.monitor.processes()
        size = len("".join(f"{number}\n" for number in range(1, 100_001)))
        # what stood in its pipes when it died was handed over
        assert 2 * size - 4 * 65536 <= process.lost <= 2 * size
        assert "its reader is gone: EPIPE" in scene.log()


async def test_the_monitor_stays_until_it_has_read_all(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        go = scene.file("go")
        os.mkfifo(go)
        await scene.run("init", "echo last", logger(scene, f"exec 5>&-; read x < {go}; cat <&3 > $1/out"))
        await scene.heard.end_of("init")
        resting = asyncio.create_task(scene.rest())
        await asyncio.to_thread(go.write_text, "\n")
        await resting
        assert scene.file("out").read_text() == "last\n"


async def test_the_monitor_ends_with_those_of_a_process_that_nobody_adopts(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        streams = logger(scene, "exec 5>&-; cat <&3 > $1/out")
        await scene.monitor.spawn(Spawn("init", ("/bin/sh", "-c", "echo last"), streams=streams))
        await scene.rest()
        assert scene.file("out").read_text() == "last\n"


async def test_a_slow_one_makes_the_process_wait(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        go, told = scene.file("go"), scene.file("told")
        os.mkfifo(go)
        os.mkfifo(told)
        with Reader.of_fifo(told, ends=False) as reader:
            streams = logger(scene, f"exec 5>&-; read x < {go}; cat <&3 > $1/out; echo end > $1/end")
            await scene.run("init", f"seq 100000; echo over > {told}", streams)
            await scene.monitor.processes()
            assert reader.read == b""
            await asyncio.to_thread(go.write_text, "\n")
            await reader.until(b"over\n")
            await scene.rest()
        assert scene.file("end").read_text() == "end\n"
        assert len(scene.file("out").read_text().splitlines()) == 100_000


@pytest.mark.parametrize("spawned", [False, True], ids=["run", "spawn"])
async def test_a_start_that_waits_for_a_logger_can_be_given_up(scene_of: Scenes, *, spawned: bool) -> None:
    async with scene_of() as scene, asyncio.timeout(20):
        before = scene.descriptors()
        go = scene.file("go")
        os.mkfifo(go)
        spawn = scene.spawn_of("init", "exit 0", logger(scene, f"echo x > $1/begun; read x < {go}"))
        starting = asyncio.create_task((scene.monitor.spawn if spawned else scene.monitor.run)(spawn))
        await written(Path(scene.file("begun")), b"x\n")
        await scene.monitor.forget("init")
        with pytest.raises(CommandFailed):
            await starting
        assert scene.descriptors() == before
        await scene.rest()  # the logger is gone, too
