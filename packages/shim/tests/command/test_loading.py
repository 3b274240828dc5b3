"""A shim that is forked off a template loads nothing more while an ordinary container lives in it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin_testing.bundle import Bundle

PROGRAM = """
import asyncio, json, sys
from tiffin.shim.command.serve import without_ssl
without_ssl()
from tiffin.shim.command import shim, runtimes
from tiffin.shim.command.template.loading import load
from tiffin.shim.tasks.values import CreateTask
from tiffin.shim.stdio import Stdio

PROCESS = {"args": ["true"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}
load()
before = set(sys.modules)
bundle, state = sys.argv[1:]
runtimes.ROOT = state

async def life():
    with runtimes.Runtimes("n") as made:
        tasks = shim.Tasks(lambda event: None, made, namespace="n", measure=shim._measure)
        await tasks.create(CreateTask("one", bundle))
        await tasks.start("one")
        await tasks.stats("one")
        await tasks.execute("one", "two", PROCESS, Stdio())
        await tasks.start("one", "two")
        await tasks.wait("one", "two")
        await tasks.delete("one", "two")
        await tasks.kill("one")
        await tasks.wait("one")
        await tasks.delete("one")
        await tasks.close()

asyncio.run(life())
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@pytest.mark.requires("root", "cgroup_v1", "busybox")
@pytest.mark.usefixtures("nothing_left")
def test_nothing_is_loaded_later(bundle_factory: Callable[..., Bundle]) -> None:
    bundle = bundle_factory({"process": {"args": ["sleep", "1000"], "terminal": False}})
    command = [sys.executable, "-c", PROGRAM, str(bundle.path), str(bundle.path.parent / "state")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert [name for name in json.loads(done.stdout) if name.startswith("tiffin.")] == []
