"""A process that stays, and starts programs for others: what a container's monitor is to the shim, in small.

    python3 parent.py SOCKET        serves until the request `end`

Requests and answers are JSON on a SOCK_SEQPACKET socket, one connection at a time, which may break off at any time:
    {"start": words, "numbers": [...]}   with descriptors: the program's file, then those for the numbers ─► {"pid": N}
    {"adopt": pid}    with the descriptor that a byte is written to, which lets it go on                 ─► {}
    {"list": true}                       ─► {"adopted": [...], "ended": {pid: wait status}, "living": [...]}
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
DESCRIPTORS = 16
ABOVE = 100  # above all numbers that programs get


class Parent:
    """What it knows of its children."""

    def __init__(self) -> None:
        self.adopted: list[int] = []
        self.ended: dict[int, int] = {}

    def answer(self, request: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        if "start" in request:
            return {"pid": self._start(request, descriptors)}
        if "adopt" in request:
            self.adopted.append(request["adopt"])
            os.write(descriptors[0], b"\n")
            return {}
        self.reap()
        return {"adopted": self.adopted, "ended": self.ended, "living": _living()}

    def _start(self, request: dict[str, Any], descriptors: list[int]) -> int:
        high = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, ABOVE) for number in descriptors]
        actions = [
            (os.POSIX_SPAWN_DUP2, own, number)
            for own, number in zip(high[1:], request["numbers"], strict=True)
        ]
        try:
            path = f"/proc/self/fd/{high[0]}"
            return os.posix_spawn(path, request["start"], {}, file_actions=actions, setsigmask=())
        finally:
            for number in high:
                os.close(number)

    def reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.ended[pid] = status


def _living() -> list[int]:
    return [int(pid) for pid in Path("/proc/thread-self/children").read_text().split()]


def serve(listener: socket.socket) -> None:
    """Answers one client after another, and reaps meanwhile."""
    parent = Parent()
    wake, trigger = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(trigger)
    client = listener
    while True:
        ready, _, _ = select.select([wake, client.fileno()], [], [])
        if wake in ready:
            os.read(wake, 4096)
            parent.reap()
        if client.fileno() not in ready:
            continue
        if client is listener:
            client, _ = listener.accept()
        else:
            data, descriptors = _receive(client)
            if data == b'{"end": true}':
                return
            if data:
                answer = json.dumps(parent.answer(json.loads(data), descriptors)).encode()
                for number in descriptors:
                    os.close(number)
                _send(client, answer)
            else:
                client.close()
                client = listener


def _receive(client: socket.socket) -> tuple[bytes, list[int]]:
    """A request with its descriptors; b"" at the end."""
    try:
        data, descriptors, _, _ = socket.recv_fds(client, 65536, DESCRIPTORS)
    except ConnectionResetError:  # it was killed before it had read our last answer
        return b"", []
    for number in descriptors:
        os.set_inheritable(number, False)
    return data, descriptors


def _send(client: socket.socket, answer: bytes) -> None:
    try:
        client.send(answer)
    except (BrokenPipeError, ConnectionResetError):  # it was killed; what it asked for is done
        return


def main() -> None:
    """Becomes a subreaper, and serves."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(sys.argv[1])
        listener.listen()
        print("ready", flush=True)
        serve(listener)


if __name__ == "__main__":
    main()
