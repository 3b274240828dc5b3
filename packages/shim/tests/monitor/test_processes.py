"""Processes: run, spawned and adopted, signalled, listed, forgotten; no end is lost, nothing is left of failures."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import signal
import time
from pathlib import Path

import pytest
from packages.shim.tests.monitor.scene import FOREVER, Heard, Scene, Scenes, ended

from tiffin.runtime.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OperationFailed,
    Unavailable,
)
from tiffin.shim.monitor import CommandFailed, Monitor, Sink, Spawn, Streams, recorded


async def test_the_process_of_a_command_is_the_one_in_its_pid_file(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        before = time.time_ns()
        pid = await scene.run("init", "exit 7")
        end = await scene.heard.end_of("init")
        assert (end.status, end.signal, end.oom_killed) == (7, 0, False)
        assert before < end.at < time.time_ns()
        (process,) = await scene.monitor.processes()
        assert (process.name, process.pid, process.exit, process.drained) == ("init", pid, end, True)
        assert recorded(scene.directory)["init"].exit == end
        assert scene.heard.order == [("exited", "init"), ("drained", "init")]


async def test_a_signal_that_kills_is_told(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", FOREVER)
        await scene.monitor.signal("init", signal.SIGKILL)
        end = await scene.heard.end_of("init")
        assert (end.status, end.signal) == (137, 9)
        with pytest.raises(NotFound):
            await scene.monitor.signal("init", signal.SIGKILL)


async def test_the_record_of_the_pid_has_the_start_time(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        pid = await scene.run("init", FOREVER)
        (process,) = await scene.monitor.processes()
        assert process.start_time == int(stat_of(pid)[19]) > 0
        assert recorded(scene.directory)["init"] == process


async def test_a_command_that_fails_leaves_nothing(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        before = scene.descriptors()
        for _ in range(3):
            with pytest.raises(CommandFailed) as caught:
                await scene.monitor.run(Spawn("x", ("/bin/sh", "-c", "exit 3"), streams=scene.to_file()))
            assert caught.value.status == 3
        with pytest.raises(CommandFailed) as caught:
            await scene.monitor.run(Spawn("x", ("/bin/sh", "-c", "kill -9 $$"), streams=scene.to_file()))
        assert caught.value.status == 137
        assert await scene.monitor.processes() == ()
        assert scene.descriptors() == before
        assert "x" not in os.listdir(scene.directory)


@pytest.mark.parametrize(
    ("spawn", "error"),
    [
        (Spawn("x", ("/no/such/program",)), NotFound),
        (Spawn("x", ("relative",)), InvalidArgument),
        (Spawn("x", ()), InvalidArgument),
        (Spawn("a/b", ("/bin/true",)), InvalidArgument),
        (Spawn("..", ("/bin/true",)), InvalidArgument),
        (Spawn("", ("/bin/true",)), InvalidArgument),
        (Spawn("n" * 81, ("/bin/true",)), InvalidArgument),
        (Spawn("x", ("/bin/true",), directory="/no/such"), NotFound),
        (Spawn("x", ("/bin/true",)), FailedPrecondition),  # no pid file
        (Spawn("x", ("/bin/true",), pid_file="/proc/1/comm"), FailedPrecondition),
        (Spawn("x", ("/bin/true",), streams=Streams(stdout=(Sink("fifo", "/no/such"),))), NotFound),
        (Spawn("x", ("/bin/true",), streams=Streams(stdout=(Sink("tape", "/x"),))), InvalidArgument),
        (Spawn("x", ("/bin/true",), streams=Streams(stdout=(Sink("fifo", "x"),))), InvalidArgument),
        (Spawn("x", ("/bin/true",), streams=Streams(stdin="/no/such")), NotFound),
        (Spawn("x", ("/bin/true",), descriptors=((0, 5), (0, 5))), InvalidArgument),
        (Spawn("x", ("/bin/true",), descriptors=((0, 2),)), InvalidArgument),
        (Spawn("x", ("/bin/true",), console_descriptor=1), InvalidArgument),
        (Spawn("x", ("/bin/true", "a\0b")), InvalidArgument),
        (Spawn("x", ("/bin/true", "a" * 70_000)), InvalidArgument),
    ],
)
async def test_what_cannot_be_started(scene_of: Scenes, spawn: Spawn, error: type[Exception]) -> None:
    async with scene_of() as scene:
        before = scene.descriptors()
        with pytest.raises(error):
            await scene.monitor.run(spawn)
        assert await scene.monitor.processes() == ()
        assert scene.descriptors() == before


async def test_a_pid_that_is_nobody_of_ours_is_refused(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        pid_file = scene.file("pid")
        pid_file.write_text(str(os.getpid()))
        with pytest.raises(FailedPrecondition):
            await scene.monitor.run(Spawn("x", ("/bin/true",), pid_file=str(pid_file)))


async def test_a_name_is_there_once(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", FOREVER)
        with pytest.raises(AlreadyExists):
            await scene.run("init", "exit 0")
        assert len(await scene.monitor.processes()) == 1


async def test_processes_that_die_at_once_are_not_lost(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        names = [f"p{number}" for number in range(200)]
        await asyncio.gather(*(scene.run(name, f"exit {number}") for number, name in enumerate(names)))
        for number, name in enumerate(names):
            assert (await scene.heard.end_of(name)).status == number


async def test_a_spawned_program_is_adopted_itself(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        pid = await scene.monitor.spawn(Spawn("init", ("/bin/sh", "-c", "exit 5")))
        await scene.monitor.adopt("init", pid)
        assert (await scene.heard.end_of("init")).status == 5


async def spawn_dead(scene: Scene) -> tuple[int, int]:
    """Spawns the orphan-maker, and waits for the end of both it and the process; their pids."""
    spawn = scene.command("init", "/bin/sh", "-c", "exit 6")
    launcher = await scene.monitor.spawn(spawn)
    await ended(launcher)
    pid = await pid_in(spawn.pid_file)
    await ended(pid)
    return launcher, pid


async def pid_in(path: str) -> int:
    """The pid in a file that is there already: its writer is dead."""
    return int(await asyncio.to_thread(Path(path).read_text))


async def test_one_that_died_before_it_was_adopted_is_not_lost(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        _, pid = await spawn_dead(scene)
        await scene.monitor.adopt("init", pid)
        assert (await scene.heard.end_of("init")).status == 6
        with pytest.raises(NotFound):
            await scene.monitor.adopt("init", pid)


async def test_others_end_and_are_told_while_a_spawn_is_open(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        _, pid = await spawn_dead(scene)
        await scene.run("other", "exit 8")
        assert (await scene.heard.end_of("other")).status == 8
        await scene.monitor.adopt("init", pid)
        assert (await scene.heard.end_of("init")).status == 6
        assert zombies_of(scene.monitor.pid) == 0


async def test_a_spawn_that_is_forgotten_leaves_no_zombies(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await spawn_dead(scene)
        assert zombies_of(scene.monitor.pid) == 2
        await scene.monitor.forget("init")
        assert await scene.monitor.processes() == ()
        assert zombies_of(scene.monitor.pid) == 0


async def test_a_spawn_that_nobody_adopts_does_not_keep_the_monitor(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await spawn_dead(scene)
        await scene.monitor.close()  # the scene's end waits for the monitor's


async def test_a_spawn_goes_on_without_its_client_and_is_adopted_by_the_next(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        spawn = scene.command("init", "/bin/sh", "-c", FOREVER)
        launcher = await scene.monitor.spawn(spawn)
        await ended(launcher)
        await scene.monitor.close()
        await scene.reconnect()
        (process,) = await scene.monitor.processes()
        assert (process.name, process.pid) == ("init", 0)
        await scene.monitor.adopt("init", await pid_in(spawn.pid_file))
        await scene.monitor.signal("init", 9)
        assert (await scene.heard.end_of("init")).signal == 9


async def test_what_is_no_child_is_not_adopted(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        pid = await scene.monitor.spawn(Spawn("init", ("/bin/sh", "-c", FOREVER)))
        for wrong in (os.getpid(), 0, -1, 1 << 40):
            with pytest.raises(FailedPrecondition):
                await scene.monitor.adopt("init", wrong)
        with pytest.raises(FailedPrecondition):  # not before it is adopted
            await scene.monitor.signal("init", 9)
        await scene.monitor.adopt("init", pid)


def zombies_of(parent: int) -> int:
    """How many dead children a process has not reaped."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return sum(stat_of(int(pid))[0] == "Z" for pid in children)


def stat_of(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on, the state."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


async def test_descriptors_are_given_under_their_numbers_and_no_others(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        reading, writing = os.pipe()
        try:
            script = "ls /proc/self/fd | tr '\\n' ' ' >&5; echo to three >&3"
            spawn = Spawn("init", ("/bin/sh", "-c", script), descriptors=((writing, 5), (writing, 3)))
            await scene.monitor.adopt("init", await scene.monitor.spawn(spawn))
            await scene.heard.end_of("init")
        finally:
            os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            # the shell has moved its stdout to 10 while it writes to another; ls has its own of the folder
            assert pipe.read() in {b"0 1 2 3 4 5 to three\n", b"0 1 10 2 3 4 5 to three\n"}


async def test_a_program_starts_with_signals_and_limits_as_they_are_by_default(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        script = "cat /proc/self/status; ulimit -n; cat /proc/self/oom_score_adj; pwd"
        await scene.run("init", f'exec /bin/sh -c "{script}"', scene.to_file())
        await scene.heard.end_of("init")
        *status, files, score, folder = scene.file("out").read_text().splitlines()
        signals = [line.split()[1] for line in status if line.startswith(("SigBlk", "SigIgn", "SigCgt"))]
        assert [int(mask, 16) for mask in signals] == [0, 0, 0]
        assert (int(files), score, folder) == (*own_limits(), "/")


def own_limits() -> tuple[int, str]:
    """How many descriptors we may have, and how the OOM killer sees us."""
    score = Path("/proc/self/oom_score_adj").read_text().strip()
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0], score


async def test_environment_and_directory_are_those_that_were_asked_for(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        spawn = scene.spawn_of("init", "pwd; env | grep -v -E '^(PWD|SHLVL|_|OLDPWD)='", scene.to_file())
        await scene.monitor.run(spawn.replace(environment=("A=1", "B=ä ö"), directory=str(scene.folder)))
        await scene.heard.end_of("init")
        assert scene.file("out").read_text().splitlines() == [str(scene.folder), "A=1", "B=ä ö"]


async def test_a_process_is_forgotten_with_its_folder(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", "exit 0")
        await scene.heard.end_of("init")
        await scene.monitor.forget("init")
        assert await scene.monitor.processes() == ()
        assert recorded(scene.directory) == {}
        assert "init" not in os.listdir(scene.directory)
        with pytest.raises(NotFound):
            await scene.monitor.forget("init")
        await scene.run("init", "exit 1")
        assert (await scene.heard.exit_of("init")).status in {0, 1}


async def test_a_command_that_hangs_is_killed_by_forget(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        running = asyncio.create_task(scene.monitor.run(Spawn("x", ("/bin/sleep", "1000"))))
        while not await scene.monitor.processes():
            pass
        await scene.monitor.forget("x")
        with pytest.raises(CommandFailed) as caught:
            await running
        assert caught.value.status == 137
        assert await scene.monitor.processes() == ()


async def test_many_are_listed(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        names = [f"{'n' * 70}{number}" for number in range(450)]
        for name in names:
            await scene.run(name, "exit 0")
        assert [process.name for process in await scene.monitor.processes()] == names


async def test_a_thousand_execs_leave_no_descriptor_and_no_memory(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", FOREVER)

        async def churn(first: int, last: int) -> None:
            for number in range(first, last):
                spawn = scene.command(f"e{number}", "/bin/echo", "line", streams=scene.to_file())
                await scene.monitor.run(spawn)
                await scene.heard.end_of(f"e{number}")
                await scene.monitor.forget(f"e{number}")

        await churn(0, 50)
        descriptors, memory = scene.descriptors(), scene.status("RssAnon")
        await churn(50, 1050)
        assert scene.descriptors() == descriptors
        assert scene.status("RssAnon") <= memory + 8
        assert scene.file("out").read_bytes() == b"line\n" * 1050
        assert os.listdir(scene.directory).count("init") == 1
        assert not [name for name in os.listdir(scene.directory) if name.startswith("e")]


async def test_a_client_that_finds_no_descriptor_is_turned_away_and_others_go_on(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        resource.prlimit(scene.monitor.pid, resource.RLIMIT_NOFILE, (scene.descriptors(), 4096))
        for _ in range(3):
            with pytest.raises(OperationFailed) as failed:  # Unavailable would say that none lives there
                await Monitor.connect(scene.directory, Heard())
            assert failed.value.errno == errno.EMFILE
        assert await scene.monitor.processes() == ()
        assert scene.log().count("a client is turned away") == 3
        resource.prlimit(
            scene.monitor.pid, resource.RLIMIT_NOFILE, (3, 4096)
        )  # not even the one that was kept
        connecting = asyncio.create_task(Monitor.connect(scene.directory, Heard()))
        await scene.monitor.processes()
        resource.prlimit(scene.monitor.pid, resource.RLIMIT_NOFILE, (4096, 4096))
        await scene.monitor.processes()
        await (await connecting).close()


async def test_out_of_descriptors_is_an_error_and_passes(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", FOREVER)
        resource.prlimit(scene.monitor.pid, resource.RLIMIT_NOFILE, (scene.descriptors() + 4, 4096))
        with pytest.raises(Unavailable):
            await scene.run("x", "exit 0", scene.to_file())
        assert [process.name for process in await scene.monitor.processes()] == ["init"]
        resource.prlimit(scene.monitor.pid, resource.RLIMIT_NOFILE, (4096, 4096))
        await scene.run("x", "exit 3", scene.to_file())
        assert (await scene.heard.end_of("x")).status == 3
