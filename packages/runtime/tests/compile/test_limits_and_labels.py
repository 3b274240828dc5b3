"""process.rlimits, oomScoreAdj and the labels of security modules as operations."""

from __future__ import annotations

from typing import Any

import pytest
from packages.runtime.tests.compile.planning import (
    Config,
    Seen,
    config_of,
    created,
    mapped,
    named,
    namespaces,
    only,
    place,
)

from tiffin.runtime.compile import labels
from tiffin.runtime.compile.process import RESOURCES
from tiffin.runtime.errors import Unsupported
from tiffin.runtime.plan.operations import LIMIT_ROOM

LIMITS = [{"type": "RLIMIT_NOFILE", "soft": 5, "hard": 6}, {"type": "RLIMIT_CORE", "hard": 2}]


def planned(linux: Config | None = None, **process: Any) -> list[Seen]:
    return created(config_of(process=process, linux=linux or {}))


def limits(seen: list[Seen]) -> list[tuple[str, str, int, int, int, int]]:
    rows = named(seen, "set_rlimit")
    return [(one.step, one.where, *one.fields.values()) for one in rows]


def test_init_sets_its_limits_itself() -> None:
    assert limits(planned(rlimits=LIMITS)) == [
        ("init", "process.rlimits[0]", 7, 5, 6, 0),
        ("init", "process.rlimits[1]", 4, 0, 2, 0),
    ]


def test_a_limit_of_all_bits_is_infinity() -> None:
    infinite = [{"type": "RLIMIT_AS", "soft": 2**63 - 1, "hard": 2**64 - 1}]
    assert limits(planned(rlimits=infinite))[0][3:5] == (2**63 - 1, -1)


def test_in_a_new_user_namespace_the_launcher_sets_them_late() -> None:
    seen = planned(mapped(), rlimits=LIMITS)
    assert {row[0] for row in limits(seen)} == {"attend"}
    assert place(seen, "pivot_root") < place(seen, "ask_launcher") < place(seen, "set_user")
    assert not named(planned(mapped()), "ask_launcher")


def test_in_a_joined_user_namespace_the_launcher_makes_room_first() -> None:
    seen = planned({"namespaces": namespaces("mount", user="/ns/user")}, rlimits=LIMITS)
    assert [(row[0], row[5]) for row in limits(seen)] == [("launcher", LIMIT_ROOM)] * 2 + [("init", 0)] * 2
    assert place(seen, "set_rlimit") < place(seen, "join_namespace")


def test_every_resource_of_the_kernel_has_its_number() -> None:
    import resource

    for name, number in RESOURCES.items():
        assert getattr(resource, name, number) == number
    assert sorted(RESOURCES.values()) == list(range(16))


def test_oom_score_is_the_launchers() -> None:
    found = only(planned(oomScoreAdj=0), "set_oom_score_adj")
    assert (found.step, found.where, found.fields["value"]) == ("launcher", "process.oomScoreAdj", 0)
    assert not named(planned(), "set_oom_score_adj")


def test_labels_are_set_for_the_next_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "_content", lambda path: b"Y\nnodev selinuxfs\n")
    seen = planned(apparmorProfile="p", selinuxLabel="l")
    rows = named(seen, "set_exec_label")
    assert [(one.where, *one.fields.values()) for one in rows] == [
        ("process.apparmorProfile", "apparmor", "p"),
        ("process.selinuxLabel", "selinux", "l"),
    ]
    assert place(seen, "set_exec_label") < place(seen, "set_user")


@pytest.mark.parametrize("member", ["apparmorProfile", "selinuxLabel"])
def test_labels_of_a_module_that_is_off_are_refused(monkeypatch: pytest.MonkeyPatch, member: str) -> None:
    monkeypatch.setattr(labels, "_content", lambda path: b"N\n")
    with pytest.raises(Unsupported, match=rf"process\.{member}: \w+ is not enabled"):
        created(config_of(process={member: "x"}))
