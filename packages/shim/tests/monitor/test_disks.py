"""A full disk: the process neither hangs nor dies, what was lost is counted, and its end is on disk all the same."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.shim.tests.monitor.records import cri_records, joined, json_records, until
from packages.shim.tests.monitor.scene import FOREVER, Reader, Scene, Scenes, ended

from tiffin.runtime.errors import OperationFailed
from tiffin.shim.monitor import Streams, recorded

pytestmark = pytest.mark.requires("root")

LIBC = ctypes.CDLL(None, use_errno=True)
MNT_DETACH = 2
PAGES = 64
COUNTED = "i=0; while [ $i -lt {lines} ]; do echo line $i; i=$((i+1)); done"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs of 256 kB."""
    path = tmp_path / "disk"
    path.mkdir()
    size = f"size={PAGES * 4096},mode=700".encode()
    if LIBC.mount(b"tmpfs", bytes(path), b"tmpfs", 0, size) < 0:
        raise OSError(ctypes.get_errno(), "mount")
    yield path
    LIBC.umount2(bytes(path), MNT_DETACH)


def fill(disk: Path) -> Path:
    """Takes all the room; the file that has it."""
    path = disk / "filler"
    with path.open("wb", buffering=0) as file:
        for _ in range(PAGES + 1):
            try:
                file.write(bytes(4096))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                return path
    raise AssertionError("the disk has more room than it should have")


def sinks(scene: Scene, disk: Path, kind: str) -> Streams:
    return Streams(stdout=(scene.sink("whole"), scene.sink("log", kind).replace(path=str(disk / "log"))))


@pytest.mark.parametrize("kind", ["cri", "json-file", "file"])
async def test_a_log_on_it_loses_what_does_not_fit_and_counts_it(
    scene_of: Scenes, disk: Path, kind: str
) -> None:
    async with scene_of() as scene:
        await scene.run("init", f"{COUNTED.format(lines=40_000)}; exit 3", sinks(scene, disk, kind))
        assert (await scene.heard.end_of("init")).status == 3
        whole = scene.file("whole").read_bytes()
        assert len(whole.splitlines()) == 40_000
        data = (disk / "log").read_bytes()
        kept = data if kind == "file" else joined({"cri": cri_records, "json-file": json_records}[kind](data))
        (process,) = await scene.monitor.processes()
        assert process.lost == len(whole) - len(kept) > 0
        if kind == "file":
            assert whole.startswith(kept)
        else:  # what was too much is missing, all else is there in its order
            numbers = [int(line.split()[1]) for line in kept.splitlines()]
            assert numbers == sorted(set(numbers))
            assert set(kept.splitlines()) <= set(whole.splitlines())
        assert scene.log().count("output is lost: cannot write") == 1
        assert "ENOSPC" in scene.log()


async def test_a_file_that_is_written_as_a_fifo_would_be_says_once_that_it_loses_something(
    scene_of: Scenes, disk: Path
) -> None:
    async with scene_of() as scene:
        (disk / "log").touch()
        await scene.run("init", COUNTED.format(lines=40_000), sinks(scene, disk, "fifo"))
        await scene.heard.end_of("init")
        (process,) = await scene.monitor.processes()
        assert process.lost == len(scene.file("whole").read_bytes()) - len((disk / "log").read_bytes()) > 0
        assert scene.log().count("output is lost") == 1


async def test_a_torn_record_is_taken_back_from_a_log_that_somebody_has_emptied(
    scene_of: Scenes, disk: Path
) -> None:
    async with scene_of() as scene:
        go, told_by = scene.file("go"), scene.file("told")
        os.mkfifo(go)
        os.mkfifo(told_by)
        script = f"seq 2000; echo > {told_by}; read x < {go}; seq 5000"
        with Reader.of_fifo(told_by, ends=False) as told:
            await scene.run("init", script, sinks(scene, disk, "cri"))
            await told.until(b"\n")
            await until(lambda: scene.file("whole").read_bytes().endswith(b"\n2000\n"))
            await scene.monitor.processes()  # the other sink has it too
            os.truncate(disk / "log", 0)
            filler = fill(disk)
            os.truncate(filler, filler.stat().st_size - 4096)  # room for a part of what comes
            go.write_text("\n")
            await scene.heard.end_of("init")
        assert joined(cri_records((disk / "log").read_bytes())).startswith(b"1\n2\n3\n")
        assert (disk / "log").stat().st_size <= 4096


async def test_it_goes_on_when_there_is_room_again(scene_of: Scenes, disk: Path) -> None:
    async with scene_of() as scene:
        go, told_by = scene.file("go"), scene.file("told")
        os.mkfifo(go)
        os.mkfifo(told_by)
        script = f"echo first; read x < {go}; seq 5000; echo > {told_by}; read x < {go}; echo last"
        with Reader.of_fifo(told_by, ends=False) as told:
            await scene.run("init", script, sinks(scene, disk, "cri"))
            await until(lambda: b"first" in (disk / "log").read_bytes())
            filler = fill(disk)
            go.write_text("\n")
            await told.until(b"\n")
            await until(lambda: "output is lost" in scene.log())  # the monitor has come so far, too
            filler.unlink()
            go.write_text("\n")
            await scene.heard.end_of("init")
        texts = [text for _, _, text in cri_records((disk / "log").read_bytes())]
        assert texts[0] == b"first"
        assert texts[-1] == b"last"
        assert "output is written again" in scene.log()


@pytest.mark.parametrize("end", [7, 0])
async def test_the_end_of_a_process_is_recorded(scene_of: Scenes, disk: Path, end: int) -> None:
    async with scene_of() as scene:
        await scene.monitor.quit()
        scene.directory = str(disk / "m")
        await scene.__aenter__()
        os.mkfifo(scene.file("go"))
        await scene.run("init", f"read x < {scene.file('go')}; exit {end}")
        fill(disk)
        scene.file("go").write_text("\n")
        assert (await scene.heard.exit_of("init")).status == end
        found = recorded(scene.directory)["init"]
        assert found.exit == scene.heard.exits["init"]


async def test_an_end_that_could_not_be_recorded_is_when_there_is_room_again(
    scene_of: Scenes, disk: Path
) -> None:
    async with scene_of() as scene:
        await scene.monitor.quit()
        scene.directory = str(disk / "m")
        await scene.__aenter__()
        os.mkfifo(scene.file("go"))
        await scene.run("init", f"read x < {scene.file('go')}; exit 7")
        (disk / "m/init/exit.new").unlink()  # with it goes the room that was taken for it
        filler = fill(disk)
        scene.file("go").write_text("\n")
        assert (await scene.heard.exit_of("init")).status == 7
        assert recorded(scene.directory)["init"].exit is None
        waits = scene.status("voluntary_ctxt_switches")
        await scene.monitor.close()
        await until(lambda: scene.status("voluntary_ctxt_switches") >= waits + 3)  # it has come to rest
        filler.unlink()
        await ended(scene.monitor.pid)  # nothing else keeps it, and nobody has told it of the room
        found = recorded(scene.directory)["init"]
        assert found.exit == scene.heard.exits["init"]


async def test_nothing_is_started_whose_end_could_not_be_recorded(scene_of: Scenes, disk: Path) -> None:
    async with scene_of() as scene:
        await scene.monitor.quit()
        scene.directory = str(disk / "m")
        await scene.__aenter__()
        filler = fill(disk)
        with pytest.raises(OperationFailed) as caught:
            await scene.run("init", FOREVER)
        assert caught.value.errno == errno.ENOSPC
        filler.unlink()
        await scene.run("init", "exit 1")
        assert (await scene.heard.end_of("init")).status == 1
