"""What holds for the plan of any config that the validator takes."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from packages.runtime.tests.compile.configs import Config, configs, process
from packages.runtime.tests.compile.planning import Seen, exec_plan_of, look, named, plan_of
from packages.runtime.tests.plan.plans import decode

from tiffin.runtime.errors import RuntimeFailure
from tiffin.runtime.plan.describe import describe, plan_as_json
from tiffin.runtime.plan.encode import encode
from tiffin.runtime.plan.operation import Plan
from tiffin.spec.runtime.validation import errors, validate, validate_process

JSON_PATH = re.compile(r"(linux|process|mounts|hooks|root|hostname|domainname)\b[\w.\[\]]*")
thorough = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.filter_too_much,
        HealthCheck.too_slow,
    ],
)


def sound(config: Config) -> bool:
    return not errors(validate(config))


def names_its_path(error: RuntimeFailure) -> None:
    assert JSON_PATH.match(str(error)), error
    event("refused by the planner")


def planned(config: Config) -> Plan | None:
    """The plan; None if the config is refused, which must be by its JSON path."""
    try:
        return plan_of(config)
    except RuntimeFailure as error:
        names_its_path(error)
        return None


def seen_in(config: Config) -> list[Seen]:
    assume(sound(config))
    plan = planned(config)
    assume(plan is not None)
    assert plan is not None
    return look(plan.operations)


@given(configs())
@thorough
def test_a_config_is_planned_or_refused_by_its_path(config: Config) -> None:
    before = copy.deepcopy(config)
    if sound(config):
        event("valid")
        planned(config)
        assert config == before


@given(configs())
@thorough
def test_plans_are_deterministic_and_encode(config: Config) -> None:
    assume(sound(config))
    plan, again = planned(config), planned(copy.deepcopy(config))
    assert plan == again
    if plan is None:
        return
    blob = encode(plan)
    assert [one[:2] for one in decode(blob).operations] == [one[:2] for one in plan.operations]
    assert encode(plan) == blob
    assert all(describe(one) for one in plan.operations)
    assert len(json.loads(plan_as_json(plan))) == len(plan.operations)


@given(configs(), process)
@thorough
def test_a_further_process_is_planned_or_refused_by_its_path(config: Config, changes: Config) -> None:
    further: Any = {"cwd": "/", "args": ["/bin/true"], **changes}
    assume(sound(config) and not errors(validate_process(further)))
    try:
        plan = exec_plan_of(config, further)
    except RuntimeFailure as error:
        names_its_path(error)
        return
    encode(plan)
    in_order(look(plan.operations), *PROCESS_ORDER)


PROCESS_ORDER = ("set_rlimit", "limit_bounding_set", "set_user", "set_capabilities", "close_descriptors",
                 "find_program", "wait_start", "execute")  # fmt: skip
Rule = Callable[[Sequence[Seen]], None]


def in_order(seen: Sequence[Seen], *names: str) -> None:
    """Of two neighbours that are there, all of the first stand before all of the second."""
    present = [name for name in names if named(seen, name)]
    for before, after in itertools.pairwise(present):
        last = max(index for index, one in enumerate(seen) if one.name == before)
        first = min(index for index, one in enumerate(seen) if one.name == after)
        assert last < first, (before, after)


def in_init(seen: Sequence[Seen]) -> list[Seen]:
    return [one for one in seen if one.step == "init"]


def limits_before_the_user_changes(seen: Sequence[Seen]) -> None:
    in_order(in_init(seen), *PROCESS_ORDER)
    attended = [one for one in seen if one.step == "attend"]
    assert bool(attended) == bool(named(seen, "ask_launcher"))


def nothing_after_execute(seen: Sequence[Seen]) -> None:
    assert in_init(seen)[-1].name == "execute"
    assert len(named(seen, "execute")) == 1


def the_state_is_on_disk_before_init_does_anything(seen: Sequence[Seen]) -> None:
    names = [(one.name, one.fields.get("name")) for one in in_init(seen)]
    barrier = names.index(("barrier", "created"))
    assert {name for name, _ in names[:barrier]} <= {"set_umask", "become_root"}
    in_order(in_init(seen), "become_root", "unshare_namespaces", "time_offsets", "open_rootfs", "pivot_root")


def the_launcher_is_privileged_until_it_joins(seen: Sequence[Seen]) -> None:
    launcher = [one for one in seen if one.step == "launcher"]
    in_order(launcher, "open_tree", "write_pid", "join_namespace", "new_namespaces")
    assert launcher[-1].name == "new_namespaces"


def what_is_mounted_is_mounted_before_it_becomes_the_root(seen: Sequence[Seen]) -> None:
    in_order(
        seen, "open_rootfs", "mount", "make_node", "pivot_root", "remount_root", "readonly_path", "mask_path"
    )
    in_order(seen, "bind", "pivot_root")


def a_slot_is_opened_once_and_used_once(seen: Sequence[Seen]) -> None:
    opened = [one.fields["slot"] for one in named(seen, "open_tree")]
    used = [one.fields["slot"] for one in named(seen, "bind") if one.fields["slot"] >= 0]
    assert opened == used == list(range(len(opened)))


def no_new_privileges_before_the_user_changes(seen: Sequence[Seen]) -> None:
    in_order(in_init(seen), "set_no_new_privileges", "limit_bounding_set", "set_user", "execute")


@pytest.mark.parametrize(
    "rule",
    [
        limits_before_the_user_changes,
        nothing_after_execute,
        the_state_is_on_disk_before_init_does_anything,
        the_launcher_is_privileged_until_it_joins,
        what_is_mounted_is_mounted_before_it_becomes_the_root,
        a_slot_is_opened_once_and_used_once,
        no_new_privileges_before_the_user_changes,
    ],
)
def test_an_order_holds_in_every_plan(rule: Rule) -> None:
    @given(configs())
    @settings(thorough, max_examples=60)
    def holds(config: Config) -> None:
        rule(seen_in(config))

    holds()


@given(st.data())
@settings(thorough, max_examples=60)
def test_every_place_in_the_config_is_one_that_it_has(data: st.DataObject) -> None:
    """`where` is what an error message shows: it leads to something that the config has, or could have."""
    config = data.draw(configs())
    for one in seen_in(config):
        assert not one.where or JSON_PATH.match(one.where), one
        if one.where.startswith("mounts["):
            assert int(one.where[len("mounts[") : -1]) < len(config["mounts"])
