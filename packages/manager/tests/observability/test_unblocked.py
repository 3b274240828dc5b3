"""A reader of the log that is stuck, slow or gone stops nobody."""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
from collections.abc import Iterator

import pytest
from packages.manager.tests.tiffind import PROGRAM, Tiffind, tiffind

from tiffin.manager.observability.logs import TextFormatter
from tiffin.manager.observability.unblocked import UnblockedHandler


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 8192)
    yield reader, writer
    for each in (reader, writer):
        try:
            os.close(each)
        except OSError:  # the test did
            continue


def log(handler: UnblockedHandler, message: str) -> None:
    handler.handle(logging.LogRecord("x", logging.INFO, "f", 1, message, (), None))


def made(descriptor: int) -> UnblockedHandler:
    handler = UnblockedHandler(descriptor)
    handler.setFormatter(TextFormatter())
    return handler


def test_what_does_not_fit_is_counted_and_told(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    handler = made(writer)
    for number in range(500):
        log(handler, f"line {number} {'x' * 100}")
    lost = handler.lost
    assert lost > 400
    first = os.read(reader, 1 << 16)
    assert first.count(b"\n") == 500 - lost
    log(handler, "after")
    told, after = os.read(reader, 1 << 16).decode().splitlines()
    assert f'msg="lines of the log were lost" lines={lost}' in told
    assert "msg=after" in after
    assert handler.lost == 0


def test_a_line_that_is_longer_than_a_pipe(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    handler = made(writer)
    log(handler, "y" * 20000)
    assert len(os.read(reader, 1 << 16)) == 8192
    assert handler.lost == 1


def test_nobody_reads_any_more(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.close(reader)
    handler = made(writer)
    log(handler, "to nobody")
    assert handler.lost == 1


@pytest.mark.requires("ctr")
def test_a_daemon_whose_log_nobody_reads_serves(pipe: tuple[int, int]) -> None:
    _, writer = pipe
    with tiffind('[debug]\nlevel = "trace"\n') as daemon:
        start_with(daemon, writer)
        for _ in range(60):
            daemon.ctr("namespaces", "ls")
        assert daemon.stop() == 0


def start_with(daemon: Tiffind, stderr: int) -> None:
    environment = {**os.environ, "NOTIFY_SOCKET": f"{daemon.folder}/notify"}
    daemon.process = subprocess.Popen(
        [PROGRAM, "--config", daemon.file],
        stdin=subprocess.DEVNULL,
        stdout=stderr,
        stderr=stderr,
        env=environment,
    )
    daemon.log.touch()
    daemon.told("READY=1")
