"""hooks that init runs, the barriers for the others, and linux.seccomp with what its listener is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from packages.runtime.tests.compile.planning import (
    Config,
    Seen,
    config_of,
    created,
    exec_plan_of,
    look,
    named,
    only,
    place,
    state_of,
)

from tiffin.runtime.seccomp.filter import CompiledFilter

PROGRAM = bytes(16)
HOOK = {"path": "/hook"}


def test_hooks_of_init_stand_at_their_time() -> None:
    hooks = {"createContainer": [HOOK, HOOK], "startContainer": [HOOK]}
    seen = created(config_of(hooks=hooks))
    rows = [(index, one.where) for index, one in enumerate(seen) if one.name == "run_hook"]
    assert [where for _, where in rows] == [
        "hooks.createContainer[0]",
        "hooks.createContainer[1]",
        "hooks.startContainer[0]",
    ]
    assert rows[1][0] < place(seen, "pivot_root")
    assert place(seen, "wait_start") < rows[2][0] < place(seen, "execute")


@pytest.mark.parametrize("kind", ["prestart", "createRuntime"])
def test_for_hooks_of_the_controller_init_waits(kind: str) -> None:
    seen = created(config_of(hooks={kind: [HOOK], "createContainer": [HOOK]}))
    assert place(seen, "barrier", name="created") < place(seen, "barrier", name="hooks")
    assert place(seen, "barrier", name="hooks") < place(seen, "run_hook") < place(seen, "pivot_root")


@pytest.mark.parametrize("kind", ["poststart", "poststop"])
def test_other_hooks_are_no_part_of_the_plan(kind: str) -> None:
    seen = created(config_of(hooks={kind: [HOOK]}))
    assert [one.fields["name"] for one in named(seen, "barrier")] == ["created"]
    assert not named(seen, "run_hook")


@pytest.mark.parametrize(("kind", "status"), [("createContainer", "creating"), ("startContainer", "created")])
def test_what_a_hook_is_told(kind: str, status: str) -> None:
    hook = {"path": "/h", "args": ["a", "b"], "env": ["X=1"], "timeout": 9}
    state = state_of(annotations='{"a":"b"}')
    fields = only(created(config_of(hooks={kind: [hook]}), state=state), "run_hook").fields
    document = json.loads(fields.pop("head") + b"123" + fields.pop("tail"))
    assert fields == {"kind": kind, "path": "/h", "args": ["a", "b"], "env": ["X=1"], "timeout": 9}
    assert document == {
        "ociVersion": "1.3.0", "id": "one", "status": status, "pid": 123, "bundle": "/bundle",
        "annotations": {"a": "b"},
    }  # fmt: skip


def test_a_hook_without_arguments_is_called_by_its_path() -> None:
    fields = only(created(config_of(hooks={"startContainer": [HOOK]})), "run_hook").fields
    assert (fields["args"], fields["env"], fields["timeout"]) == (["/hook"], (), 0)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[CompiledFilter | None]:
    """What the compiler of filters gives: a test may put another one in its place."""
    given: list[CompiledFilter | None] = [CompiledFilter(PROGRAM, 2, False, None, "", ())]
    monkeypatch.setattr("tiffin.runtime.compile.seccomp.compile_filter", lambda profile, cache: given[0])
    return given


def with_filter(**process: Any) -> Config:
    return config_of(linux={"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}, process=process)


@pytest.mark.usefixtures("compiled")
def test_a_restricted_process_loads_its_filter_as_late_as_can_be() -> None:
    seen = created(with_filter(noNewPrivileges=True))
    assert place(seen, "set_no_new_privileges") < place(seen, "set_user")
    assert place(seen, "close_descriptors") < place(seen, "load_seccomp") < place(seen, "wait_start")


@pytest.mark.usefixtures("compiled")
def test_any_other_loads_it_while_it_has_the_privilege() -> None:
    seen = created(with_filter(noNewPrivileges=False))
    assert not named(seen, "set_no_new_privileges")
    assert place(seen, "load_seccomp") < place(seen, "limit_bounding_set") < place(seen, "set_user")


@pytest.mark.usefixtures("compiled")
def test_a_filter_without_a_listener() -> None:
    found = only(created(with_filter()), "load_seccomp")
    assert (found.where, found.step) == ("linux.seccomp", "init")
    assert found.fields == {"filter": PROGRAM, "flags": 2, "listener": None, "state": ()}


def test_a_profile_that_switches_seccomp_off(compiled: list[CompiledFilter | None]) -> None:
    compiled[0] = None
    assert not named(created(with_filter()), "load_seccomp")
    assert not named(created(config_of()), "load_seccomp")


def told(seen: Sequence[Seen], pid: int) -> dict[str, Any]:
    """What the core sends to the listener: the texts, joined by init's pid."""
    document: dict[str, Any] = json.loads(str(pid).join(only(seen, "load_seccomp").fields["state"]))
    return document


def listening(metadata: str) -> CompiledFilter:
    return CompiledFilter(PROGRAM, 8, True, "/agent.sock", metadata, ())


def test_what_the_listener_is_told_of_a_container(compiled: list[CompiledFilter | None]) -> None:
    compiled[0] = listening('say "hi"\n')
    state = state_of(id="o-1", bundle='/b"', annotations='{"k":"v"}')
    seen = created(with_filter(), state=state)
    assert only(seen, "load_seccomp").fields["listener"] == "/agent.sock"
    inner = {"ociVersion": "1.3.0", "id": "o-1", "status": "creating", "pid": 41, "bundle": '/b"'}
    assert told(seen, 41) == {
        "ociVersion": "1.3.0", "fds": ["seccompFd"], "pid": 41, "metadata": 'say "hi"\n',
        "state": {**inner, "annotations": {"k": "v"}},
    }  # fmt: skip


def test_what_the_listener_is_told_of_a_further_process(compiled: list[CompiledFilter | None]) -> None:
    compiled[0] = listening("")
    seen = look(exec_plan_of(with_filter(), {}).operations)
    document = told(seen, 99)
    assert (document["pid"], document["state"]["pid"], document["state"]["status"]) == (99, 77, "running")
    assert "metadata" not in document
    assert "annotations" not in document["state"]
