"""The plan of exec."""

from __future__ import annotations

from typing import Any

from packages.runtime.tests.compile.planning import (
    Config,
    Seen,
    config_of,
    exec_plan_of,
    look,
    mapped,
    named,
    only,
    place,
    state_of,
)

from tiffin.runtime.compile.namespaces import FLAGS
from tiffin.runtime.plan.operations import LIMIT_ROOM

LIMITS = [{"type": "RLIMIT_NOFILE", "soft": 5, "hard": 6}]


def planned(config: Config | None = None, process: Config | None = None, **request: Any) -> list[Seen]:
    return look(exec_plan_of(config or config_of(), process or {}, **request).operations)


def test_the_whole_plan_in_its_order() -> None:
    process = {
        "execCPUAffinity": {"initial": "0", "final": "1"},
        "oomScoreAdj": 5,
        "terminal": True,
        "rlimits": LIMITS,
    }
    assert [(one.step, one.name) for one in planned(process=process)] == [
        ("launcher", "set_cpu_affinity"),
        ("launcher", "set_oom_score_adj"),
        ("launcher", "write_pid"),
        ("launcher", "join_process"),
        ("init", "set_parent_death_signal"),
        ("init", "new_session"),
        ("init", "join_session_keyring"),
        ("init", "open_console"),
        ("init", "set_cpu_affinity"),
        ("init", "set_environment_home"),
        ("init", "set_rlimit"),
        ("init", "set_umask"),
        ("init", "limit_bounding_set"),
        ("init", "change_directory"),
        ("init", "set_user"),
        ("init", "change_directory"),
        ("init", "set_capabilities"),
        ("init", "close_descriptors"),
        ("init", "find_program"),
        ("init", "execute"),
    ]


def test_it_joins_all_namespaces_of_this_very_init() -> None:
    config = config_of(linux=mapped("pid", "mount", "time"))
    fields = only(planned(config), "join_process").fields
    assert (fields["pid"], fields["start_time"]) == (77, 5)
    assert fields["flags"] == sum(FLAGS[kind] for kind in ("user", "pid", "mount", "time"))


def test_in_a_user_namespace_room_for_limits_is_made_before() -> None:
    seen = planned(config_of(linux=mapped()), {"rlimits": LIMITS})
    room, own = named(seen, "set_rlimit")
    assert (room.step, room.fields["options"]) == ("launcher", LIMIT_ROOM)
    assert (own.step, own.fields["options"]) == ("init", 0)
    assert place(seen, "set_rlimit") < place(seen, "join_process")


def test_affinity_before_and_after_the_cgroups_are_joined() -> None:
    seen = planned(process={"execCPUAffinity": {"initial": "0", "final": "1"}})
    first, last = named(seen, "set_cpu_affinity")
    assert (first.where, first.fields["cpus"]) == ("process.execCPUAffinity.initial", [0])
    assert (last.where, last.fields["cpus"]) == ("process.execCPUAffinity.final", [1])
    assert place(seen, "set_cpu_affinity", cpus=[0]) < place(seen, "write_pid")


def test_its_console_is_not_the_containers() -> None:
    fields = only(planned(process={"terminal": True}, console_socket="/s"), "open_console").fields
    assert (fields["socket"], fields["mount"]) == ("/s", 0)


def test_it_has_the_containers_keyring_or_none() -> None:
    assert only(planned(), "join_session_keyring").fields["name"] == "_ses.one"
    without = planned(state=state_of(pid=77, no_new_keyring=True))
    assert not named(without, "join_session_keyring")


def test_the_personality_is_the_containers_and_the_scheduler_its_own() -> None:
    config = config_of(
        linux={"personality": {"domain": "LINUX32"}}, process={"scheduler": {"policy": "SCHED_IDLE"}}
    )
    seen = planned(config, {"ioPriority": {"class": "IOPRIO_CLASS_IDLE"}})
    assert only(seen, "set_personality").fields["persona"] == 8
    assert only(seen, "set_io_priority").where == "process.ioPriority"
    assert not named(seen, "set_scheduler")


def test_descriptors_are_preserved() -> None:
    assert only(planned(preserved=2), "close_descriptors").fields["first"] == 5
