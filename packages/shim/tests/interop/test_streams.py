"""Output, input and loggers are exact to the byte with `ctr`: on the real shim, then on ours."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from packages.shim.tests.interop.conftest import IMAGE, OURS, SHIMS

if TYPE_CHECKING:
    from pathlib import Path

    from packages.shim.tests.interop.api import Api
    from packages.shim.tests.interop.daemon import Daemon

pytestmark = pytest.mark.requires("root", "containerd", "ctr", "runc", "crun", "busybox")

SECONDS = 60.0
LINES = 300_000
both_shims = pytest.mark.parametrize("subject", SHIMS, indirect=True, ids=lambda one: one.name)


def test_two_megabytes_of_lines_arrive_whole(daemon: Daemon, run: tuple[str, ...], name: str) -> None:
    said = daemon.ctr(*run, "--rm", IMAGE, name, "seq", str(LINES))
    assert said.splitlines() == [str(number) for number in range(1, LINES + 1)]


def test_stdout_and_stderr_are_apart(daemon: Daemon, run: tuple[str, ...], name: str) -> None:
    command = [*daemon.ctr.argv, *run, "--rm", IMAGE, name, "sh", "-c", "echo out; echo err >&2"]
    done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=True, stdin=subprocess.DEVNULL)
    assert (done.stdout, done.stderr) == (b"out\n", b"err\n")


def test_binary_data_goes_through_and_stdin_ends(daemon: Daemon, run: tuple[str, ...], name: str) -> None:
    data = os.urandom(1 << 20)
    command = [*daemon.ctr.argv, *run, "--rm", IMAGE, name, "cat"]
    done = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS, check=True)
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()


def test_an_exec_has_streams_of_its_own(daemon: Daemon, task: str) -> None:
    data = os.urandom(100_000)
    command = [*daemon.ctr.argv, "task", "exec", "--exec-id", "two", task, "cat"]
    done = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS, check=True)
    assert done.stdout == data


@pytest.mark.parametrize("subject", [OURS], indirect=True, ids=lambda one: one.name)
def test_input_that_ends_before_the_start_ends_all_the_same(api: Api, task: str, tmp_path: Path) -> None:
    """The real one forgets it, and the process waits for ever."""
    stdin, stdout = tmp_path / "in", tmp_path / "out"
    os.mkfifo(stdin)
    client = os.open(stdin, os.O_RDWR)
    stdout.touch()
    api.add(task, "two", "cat", stdin=str(stdin), stdout=str(stdout))
    os.write(client, b"all of it")
    api.close_stdin(task, "two")
    api.start(task, "two")
    os.close(client)
    assert api.wait(task, "two").exit_status == 0
    api.delete(task, "two")
    assert stdout.read_bytes() == b"all of it"


@both_shims
def test_a_terminal_that_nobody_has_open_for_a_while_goes_on(
    daemon: Daemon, api: Api, task: str, tmp_path: Path
) -> None:
    """So has systemd its console: it opens it for each line."""
    stdout = tmp_path / "out"
    os.mkfifo(stdout)
    reader = os.open(stdout, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    script = "t=$(tty); mkfifo /go; echo one; exec <&- >&- 2>&-; read x </go; echo two >$t; exit 3"
    api.add(task, "two", "sh", "-c", script, stdout=str(stdout), terminal=True)
    api.start(task, "two")
    with os.fdopen(reader, "rb", 0) as output:
        assert output.read(5) == b"one\r\n"
        daemon.ctr("task", "exec", "--exec-id", "go", task, "sh", "-c", "echo >/go")
        assert output.read(5) == b"two\r\n"
    assert api.wait(task, "two").exit_status == 3
    api.delete(task, "two")


def test_a_file_as_log(daemon: Daemon, run: tuple[str, ...], name: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    daemon.ctr(
        *run, "--detach", "--log-uri", f"file://{path}", IMAGE, name, "sh", "-c", "echo out; echo err >&2"
    )
    ended(daemon, name)
    daemon.forget(name)  # until then runc's shim may still copy
    assert sorted(path.read_text().splitlines()) == ["err", "out"]


@both_shims
def test_a_logger(daemon: Daemon, run: tuple[str, ...], name: str, tmp_path: Path) -> None:
    """containerd's protocol: 3 is stdout, 4 is stderr, 5 is closed when it is ready."""
    logger, path = tmp_path / "logger", tmp_path / "log"
    logger.write_text(
        f'#!/bin/sh\nexec 5>&-\necho "$CONTAINER_ID $CONTAINER_NAMESPACE $1 $2" > {path}\ncat <&3 >> {path}\n'
    )
    logger.chmod(0o755)
    daemon.ctr(*run, "--detach", "--log-uri", f"binary://{logger}?key=value", IMAGE, name, "seq", "1000")
    ended(daemon, name)
    daemon.forget(name)
    first, *lines = path.read_text().splitlines()
    assert first == f"{name} {daemon.namespace} key value"
    assert lines == [str(number) for number in range(1, 1001)]


@pytest.mark.parametrize("subject", [OURS], indirect=True, ids=lambda one: one.name)
def test_logs_of_kubernetes_and_docker(
    daemon: Daemon, run: tuple[str, ...], name: str, tmp_path: Path
) -> None:
    script = "echo out; echo err >&2; printf half"
    for scheme in ("cri", "json-file"):
        container, path = f"{name}-{scheme}", tmp_path / scheme
        flags = (*run[:-1], f"{run[-1]}-{scheme}", "--detach", "--log-uri", f"{scheme}://{path}")
        daemon.ctr(*flags, IMAGE, container, "sh", "-c", script)
        ended(daemon, container)
        daemon.forget(container)
    cri = [line.split(" ", 3)[1:] for line in (tmp_path / "cri").read_text().splitlines()]
    assert sorted(cri) == [["stderr", "F", "err"], ["stdout", "F", "out"], ["stdout", "P", "half"]]
    docker = [json.loads(line) for line in (tmp_path / "json-file").read_text().splitlines()]
    assert sorted((line["stream"], line["log"]) for line in docker) == [
        ("stderr", "err\n"), ("stdout", "half"), ("stdout", "out\n")
    ]  # fmt: skip


def test_a_client_that_leaves_does_not_end_the_container(
    daemon: Daemon, run: tuple[str, ...], name: str
) -> None:
    daemon.ctr(*run, "--detach", IMAGE, name, "sh", "-c", "while read line; do echo got $line; done")
    for word in ("one", "two"):
        client = subprocess.Popen(
            [*daemon.ctr.argv, "task", "attach", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(f"{word}\n".encode())
        client.stdin.flush()
        assert client.stdout.readline() == f"got {word}\n".encode()
        client.kill()
        client.communicate()
    assert daemon.status(name) == "RUNNING"
    daemon.forget(name)


def ended(daemon: Daemon, name: str) -> None:
    """Returns when a task has ended. (Asked by attaching: that has no output here.)"""
    daemon.background("task", "attach", name).wait(SECONDS)
