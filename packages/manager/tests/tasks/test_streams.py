"""Streams of processes: FIFOs, files, terminals."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks

if TYPE_CHECKING:
    from packages.manager.tests.tasks.containers import Containers

pytestmark = pytest.mark.requires("root", "containerd", "runc")


class Fifos:
    """The FIFOs of one process; output is read in threads."""

    def __init__(self, folder: Path, name: str, *, stderr: bool = True) -> None:
        self.paths = {kind: str(folder / f"{name}-{kind}") for kind in ("stdin", "stdout", "stderr")}
        if not stderr:
            self.paths["stderr"] = ""
        for path in filter(None, self.paths.values()):
            os.mkfifo(path)
        self.output = {"stdout": b"", "stderr": b""}
        self._threads = [  # of a test that fails nobody may write, and they end with the session
            threading.Thread(target=self._read, args=(kind,), daemon=True)
            for kind in self.output
            if self.paths[kind]
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, kind: str) -> None:
        self.output[kind] = Path(self.paths[kind]).read_bytes()

    def write(self, data: bytes) -> None:
        """To stdin, whose writer is gone afterwards."""
        with Path(self.paths["stdin"]).open("wb") as stream:
            stream.write(data)

    def finish(self) -> tuple[bytes, bytes]:
        """All that was written to stdout and stderr."""
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()
        return self.output["stdout"], self.output["stderr"]


def close_stdin(containers: Containers, name: str, exec_id: str = "") -> None:
    request = tasks.CloseIORequest(container_id=name, exec_id=exec_id, stdin=True)
    containers.client.call(containers.tasks.CloseIO, request)


def test_output_comes_whole_through_fifos(containers: Containers, tmp_path: Path) -> None:
    fifos = Fifos(tmp_path, "init")
    name = containers.make("sh", "-c", "seq 1 20000; echo problem >&2")
    containers.create(name, **fifos.paths)
    state = containers.get(name)
    assert (state.stdin, state.stdout, state.stderr) == tuple(fifos.paths.values())
    containers.start(name)
    containers.wait(name)
    containers.delete(name)
    stdout, stderr = fifos.finish()
    assert stdout == b"".join(b"%d\n" % number for number in range(1, 20001))
    assert stderr == b"problem\n"


def test_input_reaches_a_process_until_it_is_closed(containers: Containers, tmp_path: Path) -> None:
    fifos = Fifos(tmp_path, "init")
    name = containers.make("cat")
    containers.create(name, **fifos.paths)
    containers.start(name)
    fifos.write(b"one\n")
    fifos.write(b"two\n")  # another client: the first one's going was no end
    close_stdin(containers, name)
    assert containers.wait(name).exit_status == 0
    containers.delete(name)
    assert fifos.finish() == (b"one\ntwo\n", b"")


def test_a_further_process_has_streams_of_its_own(containers: Containers, tmp_path: Path) -> None:
    name = containers.run("sleep", "1000")
    fifos = Fifos(tmp_path, "exec")
    containers.execute(name, "e1", "sh", "-c", "cat; echo done >&2", **fifos.paths)
    containers.start(name, "e1")
    fifos.write(b"x" * 100_000)
    close_stdin(containers, name, "e1")
    assert containers.wait(name, "e1").exit_status == 0
    request = tasks.DeleteProcessRequest(container_id=name, exec_id="e1")
    containers.client.call(containers.tasks.DeleteProcess, request)
    assert fifos.finish() == (b"x" * 100_000, b"done\n")


def test_output_goes_to_a_file(containers: Containers, tmp_path: Path) -> None:
    name = containers.make("sh", "-c", "echo out; echo err >&2")
    containers.create(name, stdout=f"file://{tmp_path}/out", stderr=f"file://{tmp_path}/out")
    containers.start(name)
    containers.wait(name)
    containers.delete(name)
    assert sorted((tmp_path / "out").read_text().splitlines()) == ["err", "out"]


def test_a_terminal_has_the_size_that_it_is_given(containers: Containers, tmp_path: Path) -> None:
    fifos = Fifos(tmp_path, "init", stderr=False)
    process = {"terminal": True}
    name = containers.make("sh", "-c", "read line; stty size; echo $line", process=process)
    containers.create(name, **fifos.paths, terminal=True)
    request = tasks.ResizePtyRequest(container_id=name, width=91, height=17)
    containers.client.call(containers.tasks.ResizePty, request)
    containers.start(name)
    assert containers.get(name).terminal
    fifos.write(b"hello\n")
    assert containers.wait(name).exit_status == 0
    containers.delete(name)
    assert fifos.finish()[0] == b"hello\r\n17 91\r\nhello\r\n"
