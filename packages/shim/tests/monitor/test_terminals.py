"""Terminals: the pty's master comes by the console socket, or by a descriptor; both ways, with a size."""

from __future__ import annotations

import asyncio
import os
import resource
import socket

import pytest
from packages.shim.tests.monitor.scene import FOREVER, Reader, Scene, Scenes, ended

from tiffin.runtime.errors import FailedPrecondition, InvalidArgument, Unavailable
from tiffin.shim.monitor import CommandFailed, Sink, Spawn, Streams, console_socket_path


def fifos(scene: Scene) -> Streams:
    for name in ("in", "out"):
        os.mkfifo(scene.file(name))
    return Streams(stdin=str(scene.file("in")), stdout=(scene.sink("out", "fifo"),))


async def test_it_is_one_with_input_output_and_size(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        streams = fifos(scene)
        with Reader.of_fifo(scene.file("out")) as reader:
            await scene.run_terminal(
                "init", "tty; trap 'stty size; exit 3' WINCH; while read x; do echo got $x; done", streams
            )
            await reader.until(b"/dev/pts/")
            await asyncio.to_thread(scene.file("in").write_text, "word\n")
            await reader.until(b"got word\r\n")
            await scene.monitor.resize("init", 123, 45)
            await reader.until(b"45 123\r\n")
            end = await scene.heard.end_of("init")
            assert end.status == 3
            await reader.to_the_end()


async def test_what_was_written_right_before_the_end_is_not_lost(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        for number in range(20):
            sink = scene.sink(f"out{number}")
            await scene.run_terminal(f"p{number}", "stty -onlcr; seq 2000", Streams(stdout=(sink,)))
            await scene.heard.end_of(f"p{number}")
            lines = scene.file(f"out{number}").read_text().splitlines()
            assert lines == [str(line) for line in range(1, 2001)]


async def test_it_ends_with_its_process_though_another_has_it_open(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        script = f"trap '' HUP; sleep 1000 & echo $! > {scene.file('pid')}; echo last"
        await scene.run_terminal("init", script, scene.to_file())
        await scene.heard.end_of("init")
        assert scene.file("out").read_bytes() == b"last\r\n"
        pid = int(scene.file("pid").read_text())
        os.kill(pid, 9)
        await ended(pid)


async def test_it_does_not_end_before_its_process_though_nobody_has_it_open(scene_of: Scenes) -> None:
    """As getty and systemd have it, which open the console for each line; containerd's shim waits too."""
    async with scene_of() as scene:
        streams, go = fifos(scene), scene.file("go")
        os.mkfifo(go)
        script = (
            f"t=$(tty); echo first; exec </dev/null >/dev/null 2>&1; read x <{go}; "
            "echo again >$t; read line <$t; echo got $line >$t; exit 3"
        )
        with Reader.of_fifo(scene.file("out")) as reader:
            await scene.run_terminal("init", script, streams)
            await reader.until(b"first\r\n")
            with await asyncio.to_thread(go.open, "w") as opened:  # it has closed the terminal
                await scene.monitor.processes()  # and the monitor has seen that
                await asyncio.to_thread(scene.file("in").write_text, "typed\n")
                opened.write("\n")
            await reader.until(b"again\r\n")
            await reader.until(b"got typed\r\n")
            assert (await scene.heard.end_of("init")).status == 3
            await reader.to_the_end()


async def test_one_that_writes_for_ever_does_not_keep_it_open(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        script = f"trap '' HUP; yes & echo $! > {scene.file('pid')}; sleep 0.1"
        await scene.run_terminal("init", script, Streams(stdout=(Sink("fifo", "/dev/null"),)))
        await scene.heard.end_of("init")
        await ended(int(scene.file("pid").read_text()))  # a terminal that nobody has cannot be written to


async def test_a_descriptor_of_a_console_comes_without_a_socket_in_the_file_system(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        pid_file = str(scene.file("pid"))
        argv = (str(scene.orphan), "-C", "7", pid_file, "/bin/sh", "-c", "tty; exit 2")
        streams = Streams(terminal=True, stdout=(scene.sink("out"),))
        spawn = Spawn("init", argv, streams=streams, pid_file=pid_file, console_descriptor=7)
        await scene.monitor.run(spawn)
        assert (await scene.heard.end_of("init")).status == 2
        assert scene.file("out").read_text().startswith("/dev/pts/")


async def test_a_spawn_gets_its_terminal_when_it_comes(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        pid_file = scene.file("pid")
        os.mkfifo(pid_file)
        argv = (str(scene.orphan), "-C", "7", str(pid_file), "/bin/sh", "-c", "tty; exit 2")
        streams = Streams(terminal=True, stdout=(scene.sink("out"),))
        launcher = await scene.monitor.spawn(Spawn("init", argv, streams=streams, console_descriptor=7))
        pid = int(await asyncio.to_thread(pid_file.read_text))
        await ended(launcher)  # only then the process is the monitor's
        await scene.monitor.adopt("init", pid)
        assert (await scene.heard.end_of("init")).status == 2
        await asyncio.sleep(0)
        assert scene.file("out").read_text().startswith("/dev/pts/")


async def test_the_path_of_the_socket_may_be_long(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.monitor.quit()
        scene.directory = str(scene.folder / ("d" * 100))
        await scene.__aenter__()
        path = console_socket_path(scene.directory, "init")
        assert path == "/proc/self/fd/3/console.sock"
        pid_file = str(scene.file("pid"))
        argv = (str(scene.orphan), "-c", path, pid_file, "/bin/sh", "-c", "exit 2")
        streams = Streams(terminal=True, stdout=(scene.sink("out"),))
        await scene.monitor.run(Spawn("init", argv, streams=streams, pid_file=pid_file, console_socket=True))
        assert (await scene.heard.end_of("init")).status == 2


async def test_a_command_that_sends_no_terminal_is_refused(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        before = scene.descriptors()
        spawn = scene.spawn_of("init", "exit 0", Streams(terminal=True), console_socket=True)
        with pytest.raises(FailedPrecondition):
            await scene.monitor.run(spawn)
        assert scene.descriptors() == before
        assert "init" not in os.listdir(scene.directory)
        await ended(int(scene.file("init.pid").read_text()))


async def test_descriptors_that_come_in_a_terminals_place_are_not_kept(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        before = scene.descriptors()
        go = scene.file("go")
        os.mkfifo(go)
        spawn = Spawn(
            "x",
            ("/bin/sh", "-c", f"read x < {go}; exit 3"),
            streams=Streams(terminal=True),
            console_socket=True,
        )
        running = asyncio.create_task(scene.monitor.run(spawn))
        while not await scene.monitor.processes():
            pass
        folder = os.open(f"{scene.directory}/x", os.O_PATH)
        with socket.socket(socket.AF_UNIX) as console:
            console.connect(f"/proc/self/fd/{folder}/console.sock")
            socket.send_fds(console, [b"x"], [folder, folder])
        os.close(folder)
        await asyncio.to_thread(go.write_text, "\n")
        with pytest.raises(CommandFailed):
            await running
        assert scene.descriptors() == before


async def test_a_console_socket_that_there_is_no_descriptor_for_is_no_file_that_is_missing(
    scene_of: Scenes,
) -> None:
    async with scene_of() as scene:
        resource.prlimit(scene.monitor.pid, resource.RLIMIT_NOFILE, (scene.descriptors() + 1, 4096))
        with pytest.raises(Unavailable):  # the file that it writes to has the only one
            await scene.run_terminal("init", "exit 0", Streams(stdout=(scene.sink("out"),)))
        resource.prlimit(scene.monitor.pid, resource.RLIMIT_NOFILE, (4096, 4096))


async def test_a_terminal_that_there_are_no_descriptors_for_is_a_start_that_fails(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        before = scene.descriptors()
        go = scene.file("go")
        os.mkfifo(go)
        pid_file = str(scene.file("pid"))
        maker = (
            str(scene.orphan),
            "-c",
            f"{scene.directory}/init/console.sock",
            pid_file,
            "/bin/sh",
            "-c",
            FOREVER,
        )
        argv = ("/bin/sh", "-c", f'read x < {go}; exec "$@"', "sh", *maker)
        streams = Streams(terminal=True, stdout=(scene.sink("out"),))
        running = asyncio.create_task(
            scene.monitor.run(Spawn("init", argv, streams=streams, pid_file=pid_file, console_socket=True))
        )
        while not await scene.monitor.processes():
            pass
        # the connection, the terminal, and one of the two that are made of it
        resource.prlimit(scene.monitor.pid, resource.RLIMIT_NOFILE, (scene.descriptors() + 2, 4096))
        await asyncio.to_thread(go.write_text, "\n")
        with pytest.raises(FailedPrecondition):
            await running
        resource.prlimit(scene.monitor.pid, resource.RLIMIT_NOFILE, (4096, 4096))
        assert scene.descriptors() == before
        await ended(int(await asyncio.to_thread(scene.file("pid").read_text)))  # hung up on


async def test_a_terminal_that_never_came_is_at_its_end_with_the_process(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        streams = fifos(scene)
        with Reader.of_fifo(scene.file("out")) as reader:
            spawn = Spawn(
                "init",
                ("/bin/sh", "-c", "exit 3"),
                streams=streams.replace(terminal=True),
                console_descriptor=7,
            )
            await scene.monitor.adopt("init", await scene.monitor.spawn(spawn))
            assert (await scene.heard.end_of("init")).status == 3
            assert await reader.to_the_end() == b""
        await scene.monitor.close()  # and that does not keep the monitor


async def test_what_the_command_itself_says_comes_with_its_failure(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        script = "echo cannot; echo do it >&2; exit 4"
        spawn = Spawn("x", ("/bin/sh", "-c", script), streams=Streams(terminal=True), console_socket=True)
        with pytest.raises(CommandFailed) as caught:
            await scene.monitor.run(spawn)
        assert (caught.value.status, caught.value.output) == (4, b"cannot\ndo it\n")


async def test_a_command_that_says_very_much_is_not_stopped_by_that(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        script = "head -c 1000000 /dev/zero | tr '\\0' x; echo end >&2; exit 4"
        spawn = Spawn("x", ("/bin/sh", "-c", script), streams=Streams(terminal=True), console_socket=True)
        with pytest.raises(CommandFailed) as caught:
            await scene.monitor.run(spawn)
        assert caught.value.output == b"x" * 4096


async def test_what_has_no_terminal_has_no_size(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", "exec sleep 1000")
        with pytest.raises(FailedPrecondition):
            await scene.monitor.resize("init", 80, 25)
        with pytest.raises(InvalidArgument):
            await scene.monitor.resize("init", 80, 1 << 16)
