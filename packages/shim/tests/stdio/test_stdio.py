"""What containerd's clients name as streams becomes the monitor's sinks."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from tiffin.runtime.errors import InvalidArgument, OperationFailed
from tiffin.shim.monitor.values import Sink, Streams
from tiffin.shim.stdio import Stdio, make_folders, sink_of, streams_of

WHO = ("CONTAINER_ID=c1", "CONTAINER_NAMESPACE=k8s.io")


def streams(stdin: str = "", stdout: str = "", stderr: str = "", *, terminal: bool = False) -> Streams:
    stdio = Stdio(stdin, stdout, stderr, terminal)
    return streams_of(stdio, identifier="c1", namespace="k8s.io")


def test_nothing_is_dev_null() -> None:
    assert streams() == Streams()


def test_paths_are_fifos_whatever_is_in_their_names() -> None:
    given = streams("/run/a-stdin", "/run/b?c=%41:d", "/run/e")
    assert given == Streams("/run/a-stdin", (Sink("fifo", "/run/b?c=%41:d"),), (Sink("fifo", "/run/e"),))


@pytest.mark.parametrize("text", ["fifo:///run/a%20b", "FIFO:///run/a%20b", "fifo:/run/a%20b"])
def test_a_fifo_may_be_a_uri(text: str) -> None:
    assert streams(text, text).stdin == "/run/a b"
    assert streams(text, text).stdout == (Sink("fifo", "/run/a b"),)


def test_a_terminal_has_no_stderr() -> None:
    given = streams("/i", "/o", "/e", terminal=True)
    assert given.terminal
    assert given.stderr == ()


def test_a_file_takes_both_streams() -> None:
    for stderr in ("", "file:///var/log/c1"):
        given = streams("", "file:///var/log/c1", stderr)
        assert given.stdout == given.stderr == (Sink("file", "/var/log/c1"),)


def test_both_streams_may_go_to_different_kinds() -> None:
    given = streams("", "file:///var/log/c1", "/run/stderr")
    assert given.stderr == (Sink("fifo", "/run/stderr"),)


def test_a_fifo_takes_one_stream_only() -> None:
    assert streams("", "/run/stdout").stderr == ()


def test_a_logger_gets_its_parameters_as_arguments_and_who_it_logs_for() -> None:
    given = streams("", "binary:///bin/logger?b=1&a=x%20y&flag&b=2")
    sink = Sink("binary", "/bin/logger", ("b", "1", "a", "x y", "flag", ""), WHO)
    assert given.stdout == given.stderr == (sink,)
    assert sink_of("binary-v2:///bin/logger", WHO) == Sink("binary-v2", "/bin/logger", (), WHO)


@pytest.mark.parametrize(
    ("size", "bytes_"),
    [
        ("0", 0),
        ("123", 123),
        ("10m", 10_000_000),
        ("10Mi", 10 << 20),
        ("1GiB", 1 << 30),
        ("2K", 2000),
        ("5b", 5),
    ],
)
def test_rotated_logs_have_sizes_of_docker_and_of_kubernetes(size: str, bytes_: int) -> None:
    assert sink_of(f"cri:///l?max-size={size}&max-files=5", ()) == Sink(
        "cri", "/l", max_bytes=bytes_, max_files=5
    )


def test_a_json_file_may_have_attributes() -> None:
    sink = sink_of("json-file:///l?attrs=%7B%22a%22:%22b%22%7D", ())
    assert sink == Sink("json-file", "/l", attributes='{"a":"b"}')


@pytest.mark.parametrize(
    "text",
    [
        "relative",
        "binary://path",
        "file:relative",
        "ftp:///a",
        "https://host/a",
        "cri:///l?max-size=-1",
        "cri:///l?max-size=1x",
        "cri:///l?max-files=0",
        "cri:///l?max-files=²",
        "cri:///l?maxsize=1",
        "cri:///l?attrs={}",
        "json-file:///l?attrs=[1]",
        "json-file:///l?attrs={",
        "file:///a#b",
        "file:///a%00b",
        "file://[/a",
        "/a\0b",
        "fifo:",
    ],
)
def test_what_is_no_stream_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"wants|unknown|must|max-|attrs|Invalid"):
        streams("", text)


def test_stdin_is_a_fifo() -> None:
    with pytest.raises(InvalidArgument, match="FIFO"):
        streams("file:///a")


async def test_folders_of_files_are_made_and_those_of_fifos_are_not(tmp_path: Path) -> None:
    await make_folders(streams("", f"cri://{tmp_path}/a/b/log", f"{tmp_path}/c/fifo"))
    assert sorted(os.listdir(tmp_path)) == ["a"]
    assert (tmp_path / "a/b").is_dir()


async def test_a_folder_on_a_file_system_that_hangs_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others_go_on = threading.Event()
    monkeypatch.setattr(os, "makedirs", lambda *_, **__: others_go_on.wait(20))
    making = asyncio.ensure_future(make_folders(streams("", f"file://{tmp_path}/a/log")))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(making), 0.05)
    others_go_on.set()
    await making


async def test_a_folder_that_cannot_be_made_is_an_error_with_its_errno(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(OperationFailed, match=r"the folder of .*/a/b/log") as caught:
        await make_folders(streams("", f"file://{tmp_path}/a/b/log"))
    assert caught.value.errno
