"""Whatever a process writes, and in whatever pieces: the logs hold it, and are well formed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packages.shim.tests.monitor.records import cri_records, joined, json_records, log_of
from packages.shim.tests.monitor.scene import Scene, Scenes


class Shared:
    """A scene for many examples."""

    def __init__(self, scene: Scene, runner: asyncio.Runner) -> None:
        self.scene = scene
        self.runner = runner

    def log_of(self, kind: str, data: bytes, chunk: int) -> bytes:
        return self.runner.run(log_of(self.scene, kind, data, chunk))


@pytest.fixture
def shared(scene_of: Scenes) -> Iterator[Shared]:
    with asyncio.Runner() as runner:
        scene = runner.run(scene_of().__aenter__())
        yield Shared(scene, runner)
        runner.run(scene.__aexit__(None, None, None))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.text(max_size=40), max_size=30), st.sampled_from([1, 7, 64, 4096]))
def test_any_text_comes_back_from_json(shared: Shared, lines: list[str], chunk: int) -> None:
    data = "\n".join(lines).encode(errors="replace")
    assert joined(json_records(shared.log_of("json-file", data, chunk))) == data


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=3000), st.sampled_from([1, 7, 64, 4096]))
def test_any_bytes_come_back_from_cri_and_are_valid_in_json(shared: Shared, data: bytes, chunk: int) -> None:
    log = shared.log_of("cri", data, chunk)
    assert joined(cri_records(log)) == re.sub(rb"\r\n", b"\n", data)
    log = shared.log_of("json-file", data, chunk)
    assert joined(json_records(log)).decode() == decoded(data)


def decoded(data: bytes) -> str:
    """Each byte that is not part of a character becomes U+FFFD, as Go's encoder has it."""
    text = ""
    while data:
        for length in (1, 2, 3, 4):
            try:
                text += data[:length].decode()
            except UnicodeDecodeError:
                continue
            break
        else:
            text, length = text + "\ufffd", 1
        data = data[length:]
    return text
