"""`AnotherParent`: the `Starter` that has parent.py start programs; and that process's life."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tiffin.runtime.launch.starting import Program
from tiffin.runtime.launch.strangers import end_process
from tiffin.runtime.state.identity import process_stat

PROGRAM = Path(__file__).parent / "parent.py"


class AnotherParent:
    """A connection to a parent.py; a `Starter`."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.connect(str(path))

    def ask(self, request: dict[str, Any], *descriptors: int) -> dict[str, Any]:
        socket.send_fds(self._socket, [json.dumps(request).encode()], descriptors)
        answer: dict[str, Any] = json.loads(self._socket.recv(65536))
        return answer

    def start(self, program: Program) -> StrangeProgram:
        given = [word for word in program.words if isinstance(word, int)]
        numbers = {own: number for number, own in enumerate(given, 3)}
        words = [str(numbers.get(word, word)) if isinstance(word, int) else word for word in program.words]
        request = {"start": words, "numbers": [0, 1, 2, *numbers.values()]}
        return StrangeProgram(self, self.ask(request, program.executable, *program.stdio, *given)["pid"])

    def end(self) -> None:
        self._socket.send(b'{"end": true}')

    def close(self) -> None:
        self._socket.close()


class StrangeProgram:
    """A child of parent.py, and what it has made."""

    def __init__(self, parent: AnotherParent, pid: int) -> None:
        self._parent = parent
        self._started = identity(pid)
        self._made = (0, 0)

    def pid(self) -> int:
        return self._started[0]

    def identify(self, pid: int) -> None:
        self._made = identity(pid)

    def adopt(self, go: int) -> bool:
        self._parent.ask({"adopt": self._made[0]}, go)
        return True

    def reap(self) -> int | None:
        return None

    def kill(self) -> None:
        end_process(*self._started)

    def kill_made(self) -> int | None:
        end_process(*self._made)
        return None


def identity(pid: int) -> tuple[int, int]:
    """(pid, start time); (0, 0) if it is gone."""
    found = process_stat(pid)
    return (pid, found[1]) if found else (0, 0)


@contextmanager
def another_parent(folder: Path) -> Iterator[Path]:
    """A parent.py; gives the path of its socket. Whatever it has left must be gone before it ends."""
    path = folder / "parent.sock"
    process = subprocess.Popen([sys.executable, "-I", PROGRAM, path], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield path
        parent = AnotherParent(path)
        parent.end()
        parent.close()
        process.wait()
    finally:
        process.kill()
        process.communicate()
