"""Another process starts the core for us: it is the parent of the container, and hears which process that is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from packages.runtime.tests.launch.parents import AnotherParent, another_parent
from packages.runtime.tests.lifecycle.containers import has_ended, shell

from tiffin.runtime.errors import OperationFailed, RuntimeFailure
from tiffin.runtime.lifecycle.create import CreateOptions, create
from tiffin.runtime.lifecycle.delete import delete
from tiffin.runtime.lifecycle.execute import ExecOptions, Execution, execute_detached
from tiffin.runtime.lifecycle.process_changes import ProcessChanges, changed_process
from tiffin.runtime.lifecycle.settings import Settings
from tiffin.runtime.lifecycle.start import start
from tiffin.runtime.logging.log import Log
from tiffin_testing.bundle import Bundle, default_config

pytestmark = pytest.mark.requires("root")
Make = Callable[..., Bundle]
FOREVER = ["sleep", "1000"]
KILL_THE_LAUNCHER = r"""
pid=$(sed 's/.*"pid":\([0-9]*\).*/\1/')
parent=$(cut -d' ' -f4 /proc/$pid/stat)
for process in $(cat /proc/$parent/task/$parent/children); do
  [ $process != $pid ] && tr '\0' ' ' < /proc/$process/cmdline | grep -q '^tiffin-core launch' && kill -9 $process
done
exit 0
"""


@pytest.fixture
def settings(tmp_path: Path, nothing_left: None) -> Settings:
    return Settings(str(tmp_path / "state"), Log())


@pytest.fixture
def parent(tmp_path: Path, nothing_left: None) -> Iterator[AnotherParent]:
    with another_parent(tmp_path) as path:
        connection = AnotherParent(path)
        yield connection
        connection.close()


def parent_of(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


def options(bundle: Bundle, parent: AnotherParent) -> CreateOptions:
    return CreateOptions(str(bundle.path), starter=parent)


def running(settings: Settings, bundle: Bundle, name: str, parent: AnotherParent) -> int:
    state = create(settings, name, options(bundle, parent))
    start(settings, name)
    return state.pid


def execution(settings: Settings, name: str, parent: AnotherParent, *args: str) -> int:
    made = Execution(settings, name, ExecOptions(starter=parent))
    return execute_detached(
        made, changed_process(made.config, ProcessChanges(args=tuple(args)), settings.log)
    )


def living(parent: AnotherParent) -> list[int]:
    found: list[int] = parent.ask({"list": True})["living"]
    return found


def test_it_is_the_parent_and_knows_the_process(
    settings: Settings, parent: AnotherParent, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(args=shell("exit 7"))
    state = create(settings, container_id, options(bundle, parent))
    known = parent.ask({"list": True})
    assert known["adopted"] == known["living"] == [state.pid]
    assert parent_of(state.pid) not in {os.getpid(), 1}
    start(settings, container_id)
    assert has_ended(state.pid)
    assert os.waitstatus_to_exitcode(parent.ask({"list": True})["ended"][str(state.pid)]) == 7
    delete(settings, container_id)


def test_exec_has_it_as_a_parent_too(
    settings: Settings, parent: AnotherParent, bundle_factory: Make, container_id: str
) -> None:
    init = running(settings, bundle_factory(args=FOREVER), container_id, parent)
    pid = execution(settings, container_id, parent, *FOREVER)
    assert parent_of(pid) == parent_of(init)
    assert parent.ask({"list": True})["adopted"] == [init, pid]
    delete(settings, container_id, force=True)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"process": {"args": ["/nowhere"]}}, id="program"),
        pytest.param(
            {"mounts": [{"destination": "/x", "source": "/nowhere", "options": ["bind"]}]}, id="mount"
        ),
        pytest.param({"hooks": {"createRuntime": [{"path": "/bin/false"}]}}, id="hook"),
    ],
)
def test_of_a_failure_nothing_is_left(
    changes: dict[str, Any],
    settings: Settings,
    parent: AnotherParent,
    bundle_factory: Make,
    container_id: str,
) -> None:
    with pytest.raises(RuntimeFailure) as foreign:
        create(settings, container_id, options(bundle_factory(changes), parent))
    assert living(parent) == []
    with pytest.raises(RuntimeFailure) as own:
        create(settings, container_id, CreateOptions(str(bundle_factory(changes).path)))
    assert str(foreign.value).replace("bundle-1", "bundle-2") == str(own.value).replace(
        "bundle-1", "bundle-2"
    )


def test_an_exec_that_fails_leaves_nothing(
    settings: Settings, parent: AnotherParent, bundle_factory: Make, container_id: str
) -> None:
    init = running(settings, bundle_factory(args=FOREVER), container_id, parent)
    with pytest.raises(OperationFailed, match="executable file not found"):
        execution(settings, container_id, parent, "nothing-of-this-name")
    assert living(parent) == [init]
    delete(settings, container_id, force=True)


@pytest.mark.parametrize("whose", ["own", "another's"])
def test_the_launchers_death_is_told_though_it_is_no_child(
    whose: str,
    settings: Settings,
    parent: AnotherParent,
    bundle_factory: Make,
    container_id: str,
) -> None:
    """A user namespace makes init ask its launcher late; a hook kills that before."""
    hook = {"path": "/bin/sh", "args": ["sh", "-c", KILL_THE_LAUNCHER]}
    mappings = [{"containerID": 0, "hostID": 0, "size": 65536}]
    namespaces = [*default_config()["linux"]["namespaces"], {"type": "user"}]
    bundle = bundle_factory(
        {
            "hooks": {"createRuntime": [hook]},
            "process": {"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]},
            "linux": {"namespaces": namespaces, "uidMappings": mappings, "gidMappings": mappings},
        }
    )
    said = "container launcher was killed by SIGKILL while it was set up"
    chosen = CreateOptions(str(bundle.path))
    if whose != "own":
        chosen = options(bundle, parent)
        said = "container launcher ended while it was set up, and gave no reason"
    with pytest.raises(OperationFailed, match=said):
        create(settings, container_id, chosen)
    assert living(parent) == []
