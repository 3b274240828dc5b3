"""A tiffind of a test's own, as a process. It says by sd_notify(3) when it is ready: nothing polls."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc

SECONDS = 60.0
PROGRAM = Path(sys.executable).with_name("tiffind")


class Tiffind:
    """One that may be started, killed and started again in its folder. Use it in a `with` statement.

    Args:
        folder: short, since sockets lie in it; `root`, `state` and `log` are below.
        config: text of its file, besides version, root, state and address.
    """

    def __init__(self, folder: Path, config: str = "") -> None:
        self.folder = folder
        self.address = f"{folder}/tiffind.sock"
        self.log = folder / "log"
        self.file = folder / "config.toml"
        self.write(config)
        self._stack = ExitStack()
        self._notify = self._stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self._notify.bind(str(folder / "notify"))
        self._notify.settimeout(SECONDS)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Tiffind:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._stack.close()

    def write(self, config: str) -> None:
        """Writes its file. A line before the first table is at the top."""
        top = f'version = 3\nroot = "{self.folder}/root"\nstate = "{self.folder}/state"\n'
        grpc = f'[grpc]\naddress = "{self.address}"\n'
        head, table, rest = config.partition("[grpc]\n")
        self.file.write_text(f"{top}{head}\n{grpc}{rest}" if table else f"{top}{grpc}{config}")

    def spawn(
        self,
        *words: str,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str | Path] = (PROGRAM,),
        descriptors: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Starts it, and does not wait. words: more arguments. command: what runs in place of `tiffind`."""
        self._forget()
        variables = {**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify"), **(environment or {})}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--config", self.file, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=variables,
                pass_fds=descriptors,
            )
        return self.process

    def start(self, *words: str, environment: Mapping[str, str] | None = None) -> Tiffind:
        """Starts it; returns when it is ready."""
        process = self.spawn(*words, environment=environment)
        self.told("READY=1")
        assert process.poll() is None
        return self

    def _forget(self) -> None:
        """What one that was killed has said."""
        self._notify.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self._notify.recv(4096)

    def told(self, wanted: str) -> str:
        """Waits until it says that by sd_notify; the whole message. Fails if it ends before."""
        while True:
            self._notify.settimeout(0.05)
            try:
                message = self._notify.recv(4096).decode()
            except TimeoutError:
                assert self.process is not None
                assert self.process.poll() is None, f"it has ended: {self.text}"
                continue
            if wanted in message.splitlines():
                return message

    @property
    def text(self) -> str:
        """What it has logged so far."""
        return self.log.read_text()

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self.process is not None
        return self.process.pid

    def signal(self, number: int) -> None:
        """Sends a signal."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Waits for its end; its exit code, as Popen has it."""
        assert self.process is not None
        code = self.process.wait(SECONDS)
        self.process = None
        return code

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """SIGKILL, if it runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(SECONDS)
            self.process = None

    def ctr(self, *words: str) -> str:
        """What `ctr` prints; it must succeed."""
        done = self.try_ctr(*words)
        assert done.returncode == 0, f"ctr {words}: {done.stdout}{done.stderr}\n{self.text}"
        return done.stdout

    def try_ctr(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The end of `ctr`."""
        command = ["ctr", "--address", self.address, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def stub(kind: Any, channel: grpc.Channel) -> Any:
    """Of a service, for plain functions: the types of the generated ones are those of grpc.aio."""
    return kind(channel)


@contextmanager
def short_folder(parent: str | None = None) -> Iterator[Path]:
    """A folder for sockets, which goes at the end. parent: where; None for where temporary files are."""
    folder = Path(tempfile.mkdtemp(prefix="tiffind-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def tiffind(config: str = "") -> Iterator[Tiffind]:
    """One in a folder of its own, not yet started."""
    with short_folder() as folder, Tiffind(folder, config) as made:
        yield made
