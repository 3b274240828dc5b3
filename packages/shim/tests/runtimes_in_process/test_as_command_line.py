"""What goes wrong in process is told as the command line `tiffin-runtime` would have told it: class and text."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from packages.shim.tests.runtimes_in_process.places import Heard, place
from packages.shim.tests.tasks.keeping import FOREVER, process_of, shell

from tiffin.runtime.errors import RuntimeFailure
from tiffin.shim.monitor import Monitor, Streams
from tiffin.shim.runtimes.command_line import CommandLine
from tiffin.shim.runtimes.options import RuntimeOptions
from tiffin.shim.runtimes.port import Creation, Execution, OciRuntime
from tiffin.spec import json_tree
from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import runtime_command

pytestmark = pytest.mark.requires("root")
Make = Callable[..., Bundle]
Call = Callable[[OciRuntime, Monitor], Awaitable[object]]
NAMESPACES = [{"type": name} for name in ("pid", "network", "ipc", "uts", "mount", "cgroup")]
BAD_CONFIGS: dict[str, dict[str, Any]] = {
    "no program": {"process": {"args": ["no-such-program"]}},
    "no such user": {"process": {"args": ["true"], "user": {"uid": -1, "gid": 0}}},
    "no such mount": {"mounts": [{"destination": "/x", "type": "no-such-type", "source": "x"}]},
    "no root": {"root": None},
    "no such namespace": {"linux": {"namespaces": [*NAMESPACES, {"type": "user", "path": "/no/such"}]}},
    "bad limit": {"linux": {"resources": {"pids": {"limit": "many"}}}},
    "a hook that fails": {"hooks": {"createRuntime": [{"path": "/bin/false"}]}},
    "a hook that is not there": {"hooks": {"createRuntime": [{"path": "/no/such/hook"}]}},
    "a terminal without streams of one": {"process": {"terminal": True}},
}


async def told(runtime: OciRuntime, monitor: Monitor, call: Call) -> tuple[str, str]:
    """The error of a call, without what differs from run to run."""
    with pytest.raises(RuntimeFailure) as error:
        await call(runtime, monitor)
    text = re.sub(r"bundle-\d+", "bundle", str(error.value))
    return type(error.value).__name__, re.sub(r"pid \d+", "pid N", text)


class Pair:
    """Both runtimes, each with a container that runs, one that waits, and one that has ended."""

    def __init__(self, runtimes: dict[str, OciRuntime], monitors: dict[str, Monitor]) -> None:
        self.runtimes = runtimes
        self.monitors = monitors

    async def same(self, call: Call) -> tuple[str, str]:
        """Raises AssertionError if they do not say the same."""
        here, there = [
            await told(self.runtimes[name], self.monitors[name], call) for name in ("in process", "command")
        ]
        assert here == there
        return here


def creation(bundle: Bundle) -> Creation:
    return Creation(str(bundle.path), Streams())


def execution(name: str, tree: Any) -> Execution:
    return Execution(name, json_tree.encode(tree).encode(), Streams())


@pytest.mark.parametrize("kind", BAD_CONFIGS)
async def test_creations(kind: str, tmp_path: Path, bundle_factory: Make, nothing_left: None) -> None:
    async with place(tmp_path) as here:
        pair = Pair(
            {"in process": here.runtime(), "command": command(tmp_path)},
            dict.fromkeys(("in process", "command"), here.monitor),
        )
        bundle = bundle_factory({"process": {"args": ["true"]}, **BAD_CONFIGS[kind]})
        await pair.same(lambda runtime, monitor: runtime.create(monitor, "c1", creation(bundle)))


async def test_a_config_that_is_none(tmp_path: Path, nothing_left: None, bundle_factory: Make) -> None:
    async with place(tmp_path) as here:
        pair = Pair(
            {"in process": here.runtime(), "command": command(tmp_path)},
            dict.fromkeys(("in process", "command"), here.monitor),
        )
        bundle = bundle_factory()
        (bundle.path / "config.json").write_text("[")
        await pair.same(lambda runtime, monitor: runtime.create(monitor, "c1", creation(bundle)))


def command(folder: Path) -> CommandLine:
    binary = runtime_command("tiffin-runtime")[-1]
    root = str(folder / "command")
    directory = folder / "monitor"
    return CommandLine(RuntimeOptions(binary=binary, root=root, directory=str(directory)), namespace="n1")


async def test_verbs(tmp_path: Path, bundle_factory: Make, nothing_left: None) -> None:
    """On a container that is not there, one that waits, one that runs, one that has ended."""
    async with place(tmp_path) as here:
        other = await Monitor.start(str(tmp_path / "other"), heard := Heard())
        words = command(tmp_path)
        words.options = words.options.replace(directory=str(tmp_path / "other"))
        pair = Pair(
            {"in process": here.runtime(), "command": words}, {"in process": here.monitor, "command": other}
        )
        try:
            for call in calls("none"):
                kind, _ = await pair.same(call)
                assert kind == "NotFound"
            for name in ("in process", "command"):
                runtime, monitor = pair.runtimes[name], pair.monitors[name]
                await runtime.create(
                    monitor, "c1", creation(bundle_factory(args=shell("read x; sleep 1000")))
                )
            for call in (*calls("c1")[3:5], update_wrongly):
                await pair.same(call)
            for name in ("in process", "command"):
                await pair.runtimes[name].start("c1")
            for call in (calls("c1")[0], calls("c1")[4], *bad_execs("c1")):
                await pair.same(call)
            for name in ("in process", "command"):
                await pair.runtimes[name].kill("c1", 9)
            await heard.until("init")
            await here.heard.until("init")
            for call in calls("c1")[:5]:
                await pair.same(call)
        finally:
            await words.delete("c1", force=True)
            await other.quit()
            await other.close()


async def update_wrongly(runtime: OciRuntime, _: Monitor) -> None:
    await runtime.update("c1", b'{"memory":{"limit":"a"}}')


def calls(name: str) -> list[Call]:
    return [
        lambda runtime, _: runtime.start(name),
        lambda runtime, _: runtime.pause(name),
        lambda runtime, monitor: runtime.execute(monitor, name, execution("e1", process_of(["true"]))),
        lambda runtime, _: runtime.resume(name),
        lambda runtime, _: runtime.update(name, b"["),
        lambda runtime, _: runtime.kill(name, 15),
        lambda runtime, _: runtime.state(name),
        lambda runtime, _: runtime.pids(name),
        lambda runtime, _: runtime.delete(name),
    ]


def bad_execs(name: str) -> list[Call]:
    trees: list[Any] = [
        process_of(["no-such-program"]),
        process_of(["true"], cwd="/no/such/directory"),
        process_of([]),
        process_of(["true"], rlimits=[{"type": "RLIMIT_NOTHING", "soft": 1, "hard": 1}]),
        {},
    ]
    return [
        lambda runtime, monitor, tree=tree: runtime.execute(monitor, name, execution("e1", tree))  # type: ignore[misc]
        for tree in trees
    ]


async def test_containers_are_those_of_the_command(
    tmp_path: Path, bundle_factory: Make, nothing_left: None
) -> None:
    """Both find what the other has made, if they are told the same root."""
    async with place(tmp_path) as here:
        binary = runtime_command("tiffin-runtime")[-1]
        options = RuntimeOptions(binary=binary, root=str(tmp_path / "state"))
        words = CommandLine(options, namespace="n1")
        pid = await here.runtime().create(here.monitor, "c1", creation(bundle_factory(args=FOREVER)))
        assert (await words.state("c1")).pid == pid
        await words.start("c1")
        assert (await here.runtime().state("c1")).status == "running"
        assert await here.runtime().pids("c1") == await words.pids("c1") == [pid]
        await words.delete("c1", force=True)
