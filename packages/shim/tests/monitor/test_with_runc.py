"""runc under the monitor, as a shim uses it: create, start, exec, with FIFOs, logs and terminals."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from packages.shim.tests.monitor.records import cri_records, joined
from packages.shim.tests.monitor.scene import Reader, Scene, Scenes

from tiffin.shim.monitor import CommandFailed, Spawn, Streams, console_socket_path
from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import new_id

pytestmark = pytest.mark.requires("root", "runc")

Bundles = Callable[..., Bundle]


class Runc:
    """One container of runc below a scene's monitor."""

    def __init__(self, scene: Scene, bundle: Bundle) -> None:
        self.scene = scene
        self.bundle = bundle
        self.identifier = new_id()
        self.command = (
            "/usr/sbin/runc",
            "--root",
            str(scene.file("runc")),
            "--log",
            str(scene.file("runc.log")),
        )

    def call(self, *arguments: str) -> None:
        subprocess.run([*self.command, *arguments], check=True, timeout=60, stdout=subprocess.DEVNULL)

    def spawn(self, name: str, streams: Streams, *arguments: str) -> Spawn:
        pid_file = str(self.scene.file(f"{name}.pid"))
        socket = (
            ("--console-socket", console_socket_path(self.scene.directory, name)) if streams.terminal else ()
        )
        verb, *rest = arguments
        argv = (*self.command, verb, "--pid-file", pid_file, *socket, *rest)
        return Spawn(name, argv, streams=streams, pid_file=pid_file, console_socket=streams.terminal)

    async def create(self, streams: Streams) -> int:
        arguments = ("create", "--bundle", str(self.bundle.path), self.identifier)
        return await self.scene.monitor.run(self.spawn("init", streams, *arguments))

    async def execute(self, name: str, streams: Streams, *args: str) -> int:
        process: dict[str, Any] = dict(
            self.bundle.config["process"], args=list(args), terminal=streams.terminal
        )
        path = self.scene.file(f"{name}.json")
        path.write_text(json.dumps(process))
        arguments = ("exec", "--detach", "--process", str(path), self.identifier)
        return await self.scene.monitor.run(self.spawn(name, streams, *arguments))


@asynccontextmanager
async def container(
    scene_of: Scenes, bundles: Bundles, script: str, *, terminal: bool = False
) -> AsyncIterator[Runc]:
    """A bundle of a shell's script, and runc; the container is deleted in the end."""
    async with scene_of() as scene:
        runc = Runc(scene, bundles({"process": {"args": ["sh", "-c", script], "terminal": terminal}}))
        try:
            yield runc
        finally:
            runc.call("delete", "--force", runc.identifier)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def fifos(scene: Scene, name: str, *, terminal: bool = False) -> Streams:
    for stream in ("in", "out"):
        os.mkfifo(scene.file(f"{name}.{stream}"))
    sink = (scene.sink(f"{name}.out", "fifo"),)
    return Streams(
        stdin=str(scene.file(f"{name}.in")), stdout=sink, stderr=() if terminal else sink, terminal=terminal
    )


@pytest.mark.parametrize("terminal", [False, True], ids=["pipes", "terminal"])
async def test_create_start_and_exec_with_fifos(
    scene_of: Scenes, bundle_factory: Bundles, *, terminal: bool
) -> None:
    script = "while read x; do echo init got $x; done; exit 3"
    async with container(scene_of, bundle_factory, script, terminal=terminal) as runc:
        scene = runc.scene
        streams, more = (fifos(scene, name, terminal=terminal) for name in ("init", "more"))
        with (
            Reader.of_fifo(scene.file("init.out")) as out,
            Reader.of_fifo(scene.file("more.out")) as exec_out,
        ):
            pid = await runc.create(streams)
            assert parent_of(pid) == scene.monitor.pid
            runc.call("start", runc.identifier)
            scene.file("init.in").write_text("one\n")
            await out.until(b"init got one")
            await runc.execute("more", more, "sh", "-c", "read x; echo exec got $x; exit 4")
            scene.file("more.in").write_text("two\n")
            await exec_out.until(b"exec got two")
            assert (await scene.heard.end_of("more")).status == 4
            if terminal:
                await scene.monitor.signal("init", 9)
                assert (await scene.heard.end_of("init")).status == 137
            else:
                await scene.monitor.close_stdin("init")
                assert (await scene.heard.end_of("init")).status == 3
            await out.to_the_end()


async def test_a_container_that_is_never_started_is_killed(scene_of: Scenes, bundle_factory: Bundles) -> None:
    async with container(scene_of, bundle_factory, "exit 0") as runc:
        await runc.create(runc.scene.to_file())
        runc.call("kill", runc.identifier, "KILL")
        assert (await runc.scene.heard.end_of("init")).signal == 9


async def test_a_container_whose_program_is_missing(scene_of: Scenes, bundle_factory: Bundles) -> None:
    async with scene_of() as scene:
        runc = Runc(scene, bundle_factory({"process": {"args": ["/no/such/program"]}}))
        with pytest.raises(CommandFailed) as caught:
            await runc.create(scene.to_file())
        assert caught.value.status == 1
        assert "no such file or directory" in scene.file("runc.log").read_text()
        assert await scene.monitor.processes() == ()


async def test_logs_of_many_execs(scene_of: Scenes, bundle_factory: Bundles) -> None:
    async with container(scene_of, bundle_factory, "exec sleep 1000") as runc:
        scene = runc.scene
        await runc.create(Streams())
        runc.call("start", runc.identifier)
        for number in range(30):
            sink = (scene.sink(f"log{number}", "cri"),)
            await runc.execute(
                f"e{number}", Streams(stdout=sink, stderr=sink), "sh", "-c", f"seq 200; exit {number}"
            )
        for number in range(30):
            assert (await scene.heard.end_of(f"e{number}")).status == number
            text = joined(cri_records(scene.file(f"log{number}").read_bytes()))
            assert text == b"".join(b"%d\n" % line for line in range(1, 201))


@pytest.mark.requires("cgroup_v1")
async def test_init_that_is_out_of_memory(scene_of: Scenes, bundle_factory: Bundles) -> None:
    async with scene_of() as scene:
        limits = {"linux": {"resources": {"memory": {"limit": 64 << 20}}}}
        runc = Runc(scene, bundle_factory({"process": {"args": ["tail", "/dev/zero"]}, **limits}))
        try:
            await runc.create(Streams())
            runc.call("start", runc.identifier)
            end = await scene.heard.end_of("init")
            assert (end.signal, end.oom_killed) == (9, True)
        finally:
            runc.call("delete", "--force", runc.identifier)
