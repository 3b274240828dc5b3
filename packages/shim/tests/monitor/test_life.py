"""A monitor starts, is found, outlives whoever started it, and ends by itself when nothing is left for it to do."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from packages.shim.tests.monitor.scene import FOREVER, Heard, Scenes, ended

from tiffin.runtime.errors import AlreadyExists, OperationFailed, RuntimeFailure, Unavailable, Unsupported
from tiffin.shim.monitor import Monitor, recorded
from tiffin.shim.monitor.messages import WIRE_VERSION, Hello
from tiffin.shim.monitor.wire import encode

ROOT = Path(__file__).resolve().parents[4]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/tests/support"}
# starts a monitor with a process in it, says so, and waits to be killed
STARTER = """
import asyncio, sys
from pathlib import Path
from packages.shim.tests.monitor.scene import Scene

async def start(folder, orphan):
    scene = Scene(Path(folder), Path(orphan))
    async with scene:
        await scene.run("init", "exec sleep 1000")
        print(scene.monitor.pid, flush=True)
        await asyncio.sleep(1000)

asyncio.run(start(*sys.argv[1:]))
"""


async def test_it_is_ready_when_start_returns(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        assert os.stat(scene.directory).st_mode & 0o777 == 0o700
        other = await Monitor.connect(scene.directory, Heard())
        assert other.pid == scene.monitor.pid != os.getpid()
        await other.close()


async def test_there_is_one_in_a_directory(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        with pytest.raises(AlreadyExists):
            await Monitor.start(scene.directory, Heard())
        assert await scene.monitor.processes() == ()


async def test_it_is_an_orphan_in_a_session_of_its_own(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        pid = scene.monitor.pid
        assert os.getsid(pid) == pid
        # 3 is the first client, above are its own: nothing of ours came along
        links = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
        assert len([link for link in links if link.startswith("socket:")]) == 2
        assert len(links) <= 9


async def test_it_ends_when_the_last_client_goes_and_nothing_lives(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.monitor.close()
        await ended(scene.monitor.pid)
        with pytest.raises(Unavailable):
            await Monitor.connect(scene.directory, Heard())
        assert not scene.has_socket()


async def test_it_lives_as_long_as_a_process_without_any_client(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        pid = await scene.run("init", FOREVER)
        await scene.monitor.close()
        os.kill(pid, signal.SIGKILL)
        await ended(scene.monitor.pid)
        assert recorded(scene.directory)["init"].exit is not None


async def test_quit_ends_it_although_a_process_lives(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        pid = await scene.run("init", FOREVER)
        await scene.monitor.quit()
        await ended(scene.monitor.pid)
        assert not scene.heard.lost_it
        os.kill(pid, signal.SIGKILL)
        await ended(pid)


async def test_a_client_hears_that_it_was_killed(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        os.kill(scene.monitor.pid, signal.SIGKILL)
        await scene.heard.until("lost", "")
        with pytest.raises(Unavailable):
            await scene.monitor.processes()


async def test_one_of_another_version_is_not_talked_to(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"{tmp_path}/m/monitor.sock")
        listener.listen()
        connecting = asyncio.create_task(Monitor.connect(f"{tmp_path}/m", Heard()))
        other, _ = await asyncio.to_thread(listener.accept)
        with other:
            other.send(encode(Hello(WIRE_VERSION + 1, 1), 0))
            with pytest.raises(Unsupported):
                await connecting


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOENT, Unsupported), (errno.ENOEXEC, Unsupported), (errno.EAGAIN, OperationFailed)],
)
async def test_a_start_that_fails_tells_whether_the_program_is_to_blame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[RuntimeFailure]
) -> None:
    def spawn(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_spawn", spawn)
    with pytest.raises(kind, match="tiffin-monitor cannot be started"):
        await Monitor.start(str(tmp_path / "m"), Heard())


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGQUIT]
)
async def test_signals_that_are_meant_for_others_do_not_end_it(scene_of: Scenes, number: int) -> None:
    async with scene_of() as scene:
        os.kill(scene.monitor.pid, number)
        assert await scene.monitor.processes() == ()


async def test_a_directory_with_a_long_path(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        scene.directory = str(scene.folder / ("d" * 120) / "m")
        heard = Heard()
        deep = await Monitor.start(scene.directory, heard)
        await deep.run(scene.spawn_of("init", "exit 4"))
        assert (await heard.end_of("init")).status == 4
        again = await Monitor.connect(scene.directory, Heard())
        await again.quit()
        await heard.until("lost", "")


async def test_a_socket_of_a_monitor_that_was_killed_is_no_hindrance(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        os.kill(scene.monitor.pid, signal.SIGKILL)
        await scene.heard.until("lost", "")
        assert scene.has_socket()
        await ended(scene.monitor.pid)
        next_one = await Monitor.start(scene.directory, Heard())
        await next_one.quit()


async def test_it_outlives_the_kill_of_its_starter_and_of_its_group(scene_of: Scenes, tmp_path: Path) -> None:
    async with scene_of() as scene:
        await scene.monitor.quit()
        arguments = [STARTER, str(tmp_path), str(scene.orphan)]
        starter = await asyncio.create_subprocess_exec(
            sys.executable, "-c", *arguments, stdout=subprocess.PIPE, start_new_session=True, env=ENVIRONMENT
        )
        assert starter.stdout is not None
        line = await starter.stdout.readline()
        os.killpg(starter.pid, signal.SIGKILL)
        assert await starter.wait() == -signal.SIGKILL
        await scene.reconnect()
        assert scene.monitor.pid == int(line)
        (process,) = await scene.monitor.processes()
        assert process.exit is None
        await scene.monitor.signal("init", signal.SIGTERM)
        assert (await scene.heard.end_of("init")).signal == signal.SIGTERM
