"""Which verb is allowed in which state is what containerd's shim allows."""

from __future__ import annotations

import pytest

from tiffin.runtime.errors import FailedPrecondition, NotFound
from tiffin.shim.tasks.states import EXEC, SEEN_AS, TASK, Status, Verb, check

# verb: the states (as clients see them) in which the real shim does it; the others are errors there.
# containerd, cmd/containerd-shim-runc-v2/process/init_state.go and exec_state.go
REAL_TASK = {
    Verb.START: {"created"},
    Verb.EXECUTE: {"created", "running"},
    Verb.PAUSE: {"running"},
    Verb.RESUME: {"paused"},
    Verb.UPDATE: {"created", "running", "paused"},
    Verb.CHECKPOINT: {"running", "paused"},
    Verb.KILL: {"created", "running", "pausing", "paused"},
    Verb.DELETE: {"created", "stopped"},
}
REAL_EXEC = {Verb.START: {"created"}, Verb.KILL: {"running"}, Verb.DELETE: {"created", "stopped"}}
STEADY = [Status.CREATED, Status.RUNNING, Status.PAUSING, Status.PAUSED, Status.STOPPED]


@pytest.mark.parametrize("status", STEADY)
@pytest.mark.parametrize("verb", REAL_TASK)
def test_a_task_allows_what_the_real_shim_allows(verb: Verb, status: Status) -> None:
    if status.value in REAL_TASK[verb]:
        assert check(TASK, verb, status, "task c1") is TASK[verb]
    elif verb is Verb.KILL:
        with pytest.raises(NotFound, match="process already finished"):
            check(TASK, verb, status, "task c1")
    else:
        with pytest.raises(FailedPrecondition, match=f"cannot {verb.value} task c1: it is {status.value}"):
            check(TASK, verb, status, "task c1")


@pytest.mark.parametrize("status", [Status.CREATED, Status.RUNNING, Status.STOPPED])
@pytest.mark.parametrize("verb", REAL_EXEC)
def test_an_exec_allows_what_the_real_shim_allows(verb: Verb, status: Status) -> None:
    if status.value in REAL_EXEC[verb]:
        assert check(EXEC, verb, status, "exec e1") is EXEC[verb]
    else:
        with pytest.raises(
            NotFound if verb is Verb.KILL and status is Status.STOPPED else FailedPrecondition
        ):
            check(EXEC, verb, status, "exec e1")


@pytest.mark.parametrize("rules", [TASK, EXEC])
def test_what_is_deleted_is_not_found(rules: dict[Verb, object]) -> None:
    for verb in rules:
        with pytest.raises(NotFound):
            check(rules, verb, Status.DELETED, "task c1")  # type: ignore[arg-type]


@pytest.mark.parametrize("rules", [TASK, EXEC])
def test_a_verb_that_changes_the_state_works_in_one_of_its_own(rules: dict[Verb, object]) -> None:
    for rule in TASK.values():
        assert (rule.meanwhile is None) == (rule.then is None)
        assert rule.meanwhile not in rule.allowed


def test_clients_see_states_that_containerd_has() -> None:
    known = {"created", "running", "pausing", "paused", "stopped"}
    assert {SEEN_AS.get(status, status).value for status in Status if status is not Status.CREATING} == known
