"""Scheduler, I/O priority, affinity, personality and memory policy as operations, with the kernel's numbers."""

from __future__ import annotations

import os
from typing import Any

import pytest
from packages.runtime.tests.compile.planning import Seen, config_of, created, named, only, place

from tiffin.runtime.compile.scheduling import (
    IO_CLASSES,
    MEMORY_FLAGS,
    MEMORY_MODES,
    POLICIES,
    POLICY_FLAGS,
    affinity_operation,
    number_list,
)
from tiffin.runtime.errors import InvalidArgument
from tiffin.runtime.plan.operations import STEP_INIT
from tiffin.spec.runtime.validation.values import is_number_list

MODES = ["DEFAULT", "PREFERRED", "BIND", "INTERLEAVE", "LOCAL", "PREFERRED_MANY", "WEIGHTED_INTERLEAVE"]


def planned(linux: dict[str, Any] | None = None, **process: Any) -> list[Seen]:
    return created(config_of(process=process, linux=linux or {}))


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy(policy: str) -> None:
    found = only(planned(scheduler={"policy": policy, "nice": -3, "priority": 4}), "set_scheduler")
    assert (found.step, found.where) == ("init", "process.scheduler")
    assert tuple(found.fields.values()) == (POLICIES[policy], 0, -3, 4, 0, 0, 0)
    assert getattr(os, policy, POLICIES[policy]) == POLICIES[policy]


def test_the_times_of_a_deadline() -> None:
    times = {"runtime": 1, "deadline": 2, "period": 3}
    fields = only(planned(scheduler={"policy": "SCHED_DEADLINE", **times}), "set_scheduler").fields
    assert {name: fields[name] for name in times} == times


def test_every_flag_is_a_bit_of_its_own() -> None:
    scheduler = {"policy": "SCHED_OTHER", "flags": [*POLICY_FLAGS]}
    assert only(planned(scheduler=scheduler), "set_scheduler").fields["flags"] == 0x7F
    for flag, bit in POLICY_FLAGS.items():
        one = planned(scheduler={"policy": "SCHED_OTHER", "flags": [flag]})
        assert only(one, "set_scheduler").fields["flags"] == bit


@pytest.mark.parametrize("name", IO_CLASSES)
def test_every_class_of_io(name: str) -> None:
    found = only(planned(ioPriority={"class": name, "priority": 6}), "set_io_priority")
    assert (found.step, found.where) == ("init", "process.ioPriority")
    assert found.fields["priority"] == IO_CLASSES[name] * 8192 + 6
    assert [*IO_CLASSES.values()] == [1, 2, 3]


@pytest.mark.parametrize(("domain", "persona"), [("LINUX", 0), ("LINUX32", 8)])
def test_the_personality(domain: str, persona: int) -> None:
    found = only(planned({"personality": {"domain": domain}}), "set_personality")
    assert (found.step, found.where, found.fields["persona"]) == ("init", "linux.personality", persona)


@pytest.mark.parametrize("mode", MEMORY_MODES)
def test_every_memory_mode(mode: str) -> None:
    found = only(planned({"memoryPolicy": {"mode": mode, "nodes": "0-1,4"}}), "set_memory_policy")
    assert (found.step, found.where) == ("init", "linux.memoryPolicy")
    assert found.fields == {"mode": MODES.index(mode.removeprefix("MPOL_")), "nodes": [0, 1, 4]}


def test_every_memory_flag() -> None:
    policy = {"mode": "MPOL_BIND", "nodes": "0", "flags": [*MEMORY_FLAGS]}
    found = only(planned({"memoryPolicy": policy}), "set_memory_policy")
    assert found.fields["mode"] == 2 | 1 << 15 | 1 << 14 | 1 << 13


@pytest.mark.parametrize("policy", [{"mode": "MPOL_LOCAL"}, {"mode": "MPOL_DEFAULT", "nodes": ""}])
def test_a_memory_mode_without_nodes(policy: dict[str, Any]) -> None:
    assert only(planned({"memoryPolicy": policy}), "set_memory_policy").fields["nodes"] == []


def test_all_of_it_is_done_while_init_still_has_its_privileges() -> None:
    linux = {"personality": {"domain": "LINUX"}, "memoryPolicy": {"mode": "MPOL_LOCAL"}}
    seen = planned(linux, scheduler={"policy": "SCHED_IDLE"}, ioPriority={"class": "IOPRIO_CLASS_BE"})
    names = ("set_scheduler", "set_io_priority", "set_personality", "set_memory_policy")
    assert [one.name for one in named(seen, *names)] == [*names]
    assert place(seen, "set_memory_policy") < place(seen, "limit_bounding_set")


def test_affinity_is_for_further_processes_only() -> None:
    assert not named(planned(execCPUAffinity={"initial": "0", "final": "0"}), "set_cpu_affinity")


def test_one_half_of_the_affinity() -> None:
    process: Any = {"cwd": "/", "execCPUAffinity": {"final": "0-2"}}
    (found,) = affinity_operation(process, "final", STEP_INIT, "process.")
    assert (found.where, found.arguments) == ("process.execCPUAffinity.final", ([0, 1, 2],))
    assert affinity_operation(process, "initial", STEP_INIT, "process.") == []


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0", [0]),
        ("0-3,7", [0, 1, 2, 3, 7]),
        (" 1 , 3-4 ", [1, 3, 4]),
        ("0-7:1/4", [0, 4]),
        ("0-7:2/4", [0, 1, 4, 5]),
        ("1023", [1023]),
        ("", []),
        ("  ", []),
    ],
)
def test_lists_of_numbers(text: str, numbers: list[int]) -> None:
    assert number_list(text, "here") == numbers
    assert is_number_list(text)


@pytest.mark.parametrize(
    "text", ["x", "0-", "-1", "3-1", ",", "0,,1", "1024", "0-4294967295", "9" * 5000, "0-7:0/4", "0-7:5/4"]
)
def test_what_is_no_list_or_too_much(text: str) -> None:
    with pytest.raises(InvalidArgument, match="here: "):
        number_list(text, "here")
