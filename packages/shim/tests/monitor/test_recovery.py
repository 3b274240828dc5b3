"""Clients are killed and others come: no line is lost or doubled, no end is missed, whatever happened meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from packages.shim.tests.monitor.records import cri_records, joined
from packages.shim.tests.monitor.scene import FOREVER, Scene, Scenes, ended

from tiffin.shim.monitor import Streams, recorded

ROOT = Path(__file__).resolve().parents[4]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/tests/support"}
# connects, starts a process that writes numbered lines, attaches to it, and says so; it is killed at any moment
CLIENT = """
import asyncio, os, sys
from pathlib import Path
from packages.shim.tests.monitor.scene import Scene

async def work(folder, orphan, name, lines):
    scene = Scene(Path(folder), Path(orphan))
    await scene.reconnect()
    streams = scene.to_file(f"{name}.log")
    sink = streams.stdout[0].replace(kind="cri")
    streams = streams.replace(stdout=(sink,), stderr=(sink,), attached_stdin=True)
    print("begin", flush=True)
    script = f"i=0; while [ $i -lt {lines} ]; do echo line $i; i=$((i+1)); done; exit 3"
    await scene.run(name, script, streams)
    reading, writing = os.pipe()
    await scene.monitor.attach(name, stdout=writing)
    await asyncio.sleep(1000)

asyncio.run(work(*sys.argv[1:]))
"""


async def killed_client(scene: Scene, name: str, lines: int, delay: float) -> None:
    """A client in a process of its own, which is killed a moment after it has begun."""
    arguments = (CLIENT, str(scene.folder), str(scene.orphan), name, str(lines))
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-c", *arguments, stdout=asyncio.subprocess.PIPE, env=ENVIRONMENT
    )
    assert client.stdout is not None
    await client.stdout.readline()
    await asyncio.sleep(delay)  # the moment is what is tested
    client.kill()
    await client.wait()


async def test_clients_that_are_killed_at_any_moment_lose_nothing(scene_of: Scenes) -> None:
    lines = 20_000
    async with scene_of() as scene:
        await scene.run("init", FOREVER)
        for number in range(12):
            await killed_client(scene, f"p{number}", lines, number * 0.0025)
        known = {process.name for process in await scene.monitor.processes()}
        for name in known - {"init"}:  # those whose request had been sent
            assert await end_of(scene, name) == 3
            text = joined(cri_records(scene.file(f"{name}.log").read_bytes()))
            assert text == b"".join(b"line %d\n" % line for line in range(lines))
        assert len(known) > 1


async def end_of(scene: Scene, name: str) -> int:
    """The status of a process that may have ended before we came."""
    for process in await scene.monitor.processes():
        if process.name == name and process.drained:
            assert process.exit is not None
            return process.exit.status
    return (await scene.heard.end_of(name)).status


async def test_ends_while_nobody_is_there_are_told_to_who_comes_then(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        os.mkfifo(scene.file("go"))
        await scene.run("init", FOREVER)
        await scene.run("other", f"read x < {scene.file('go')}; exit 4", scene.to_file())
        await scene.monitor.close()
        await asyncio.to_thread(scene.file("go").write_text, "\n")
        await asyncio.to_thread(wait_for, scene.directory, "other")
        await scene.reconnect()
        assert await end_of(scene, "other") == 4


def wait_for(directory: str, name: str) -> None:
    """Waits till an end is on disk."""
    while recorded(directory)[name].exit is None:
        pass


async def test_a_command_goes_on_when_its_client_is_gone(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        go = scene.file("go")
        os.mkfifo(go)
        spawn = scene.spawn_of("init", "exit 6", scene.to_file())
        waiting = ("/bin/sh", "-c", f'read x < {go}; exec "$@"', "sh", *spawn.argv)
        running = asyncio.create_task(scene.monitor.run(spawn.replace(argv=waiting)))
        while not await scene.monitor.processes():
            pass
        running.cancel()
        await scene.monitor.close()
        await scene.reconnect()
        await asyncio.to_thread(go.write_text, "\n")
        assert (await scene.heard.end_of("init")).status == 6


async def test_two_clients_hear_the_same(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        first, heard = scene.monitor, scene.heard
        await scene.reconnect()
        await scene.run("init", "exit 2")
        assert (await scene.heard.end_of("init")) == (await heard.end_of("init"))
        await first.close()


async def test_when_the_monitor_itself_is_killed_what_it_wrote_is_there(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("done", "exit 5")
        await scene.heard.end_of("done")
        pid = await scene.run("init", FOREVER)
        os.kill(scene.monitor.pid, signal.SIGKILL)
        await scene.heard.until("lost", "")
        found = recorded(scene.directory)
        assert found["done"].exit == scene.heard.exits["done"]
        assert (found["init"].pid, found["init"].exit) == (pid, None)
        os.kill(pid, signal.SIGKILL)
        await ended(pid)


async def test_what_an_earlier_monitor_wrote_is_not_taken_for_ours(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", "exit 5")
        await scene.heard.end_of("init")
        await scene.monitor.quit()
        await scene.__aenter__()
        assert await scene.monitor.processes() == ()
        scene.heard.exits.clear()
        await scene.run("init", FOREVER)
        assert recorded(scene.directory)["init"].exit is None


@pytest.mark.parametrize("number", [0, 1])
async def test_a_client_that_hangs_holds_up_nobody(scene_of: Scenes, number: int) -> None:
    async with scene_of() as scene:
        hanging, heard = scene.monitor, scene.heard
        await scene.reconnect()
        asyncio.get_running_loop().remove_reader(hanging._connection._socket)
        for count in range(300):
            await scene.run(f"p{count}", "exit 1", Streams())
            await scene.heard.end_of(f"p{count}")
            if number:
                await scene.monitor.forget(f"p{count}")
        assert heard.order == []
        await hanging.close()
