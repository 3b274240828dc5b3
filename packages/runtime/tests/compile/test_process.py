"""process as operations: their order, ids, groups, capabilities, environment, limits, console, keyring."""

from __future__ import annotations

import posix
from typing import Any

import pytest
from packages.runtime.tests.compile.planning import (
    Config,
    Seen,
    config_of,
    created,
    exec_plan_of,
    look,
    mapped,
    named,
    only,
    place,
)

from tiffin.runtime.compile.process import environment_of, value_of
from tiffin.runtime.plan.operations import DIRECTORY_MAY_BE_DENIED, USER_KEEP_GROUPS

LIMITS = [{"type": "RLIMIT_NOFILE", "soft": 5, "hard": 6}, {"type": "RLIMIT_CORE", "hard": 2}]
OWN = [{"containerID": 0, "hostID": 1000, "size": 1}]


def planned(linux: Config | None = None, **process: Any) -> list[Seen]:
    return created(config_of(process=process, linux=linux or {}))


def test_the_last_part_in_its_order() -> None:
    seen = planned(rlimits=LIMITS, noNewPrivileges=True, scheduler={"policy": "SCHED_OTHER"})
    names = [one.name for one in seen[place(seen, "set_environment_home") :]]
    assert names == [
        "set_environment_home", "set_rlimit", "set_rlimit", "set_no_new_privileges", "set_scheduler", "set_umask",
        "limit_bounding_set", "change_directory", "set_user", "change_directory", "set_capabilities",
        "close_descriptors", "find_program", "wait_start", "execute",
    ]  # fmt: skip


def test_run_does_not_wait_for_a_start() -> None:
    assert not named(created(config_of(), fifo=""), "wait_start")
    assert only(created(config_of(), fifo="/f"), "wait_start").fields == {"fifo": "/f"}


def test_the_umask_is_the_configs_or_the_usual_one() -> None:
    first, last = named(planned(), "set_umask")
    assert (first.where, first.fields["mask"]) == ("", 0o022)
    assert (last.where, last.fields["mask"]) == ("process.user.umask", 0o022)
    masked = planned(user={"uid": 0, "gid": 0, "umask": 0})
    assert [one.fields["mask"] for one in named(masked, "set_umask")] == [0o022, 0]
    assert place(masked, "mount" if named(masked, "mount") else "pivot_root") < place(
        masked, "set_umask", mask=0
    )


def test_home_is_looked_up_only_if_the_environment_has_none() -> None:
    found = only(planned(user={"uid": 7, "gid": 0}, env=["A=1", "HOME="]), "set_environment_home")
    assert (found.where, found.fields) == ("process.env", {"uid": 7})
    assert not named(planned(env=["HOME=/x"]), "set_environment_home")


def test_the_program_is_looked_up_in_the_containers_path() -> None:
    seen = planned(args=["ls", "-l"], env=["PATH=/old", "PATH=/bin:/sbin"])
    assert only(seen, "find_program").fields == {"name": "ls", "search": "/bin:/sbin"}
    found = only(seen, "execute")
    assert found.fields == {"args": ["ls", "-l"], "env": ("PATH=/bin:/sbin",)}
    assert (found.where, found.step) == ("process.args", "init")
    assert only(planned(args=["ls"]), "find_program").fields["search"] == ""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["A=1", "B=2", "A=3"], ("A=3", "B=2")),
        (["A=", "B=x=y"], ("A=", "B=x=y")),
        (["HOME=", "A=1"], ("A=1",)),
        (["HOME=/a", "HOME="], ()),
        ([], ()),
    ],
)
def test_the_environment(given: list[str], expected: tuple[str, ...]) -> None:
    assert environment_of({"cwd": "/", "env": given}) == expected


def test_a_variable_is_found_by_its_whole_name() -> None:
    assert value_of("PATH", ["XPATH=1", "PATHS=2", "PATH=3"]) == "3"
    assert value_of("PATH", ["PATHS=2"]) == ""


def test_descriptors_beyond_the_preserved_ones_are_closed() -> None:
    assert only(planned(), "close_descriptors").fields["first"] == 3
    assert only(created(config_of(), preserved=4), "close_descriptors").fields["first"] == 7
    assert only(created(config_of(), preserved=-2), "close_descriptors").fields["first"] == 3


def test_the_directory_is_entered_as_root_and_again_as_the_user() -> None:
    first, second = named(planned(cwd="/x"), "change_directory")
    assert (first.fields["options"], second.fields["options"]) == (DIRECTORY_MAY_BE_DENIED, 0)
    assert {one.fields["path"] for one in (first, second)} == {"/x"}


def test_user_and_groups() -> None:
    found = only(planned(user={"uid": 3, "gid": 4, "additionalGids": [5, 6]}), "set_user")
    assert (found.where, found.step) == ("process.user", "init")
    assert found.fields == {"uid": 3, "gid": 4, "groups": (5, 6), "options": 0}


@pytest.mark.usefixtures("as_ordinary_user")
def test_an_ordinary_user_keeps_the_groups_unless_the_config_has_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(posix, "access", lambda path, mode: True)  # newuidmap is there
    linux = mapped(uidMappings=OWN, gidMappings=OWN)
    assert only(planned(linux), "set_user").fields["options"] == USER_KEEP_GROUPS
    user = {"uid": 0, "gid": 0, "additionalGids": [0]}
    assert only(planned(mapped(), user=user), "set_user").fields["options"] == 0


def test_capabilities_are_masks_and_unknown_ones_are_left_out() -> None:
    sets = {
        "bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_OF_TOMORROW"],
        "effective": ["CAP_KILL"],
        "permitted": ["CAP_CHOWN"],
        "inheritable": ["CAP_FOWNER"],
        "ambient": [],
    }
    seen = planned(capabilities=sets)
    assert only(seen, "limit_bounding_set").fields == {"mask": 1 << 0 | 1 << 5}
    assert tuple(only(seen, "set_capabilities").fields.values()) == (1 << 5, 1, 1 << 3, 0)
    assert only(seen, "set_capabilities").where == "process.capabilities"


def test_without_the_section_there_are_none() -> None:
    seen = planned()
    assert only(seen, "limit_bounding_set").fields == {"mask": 0}
    assert {*only(seen, "set_capabilities").fields.values()} == {0}


def test_the_console_is_opened_in_the_container_before_the_root_is_read_only() -> None:
    process = {"terminal": True, "consoleSize": {"width": 80, "height": 24}}
    config = config_of(process=process, root={"path": "rootfs", "readonly": True})
    seen = created(config, console_socket="/c.sock")
    found = only(seen, "open_console")
    assert (found.where, found.step) == ("process.terminal", "init")
    assert found.fields == {"socket": "/c.sock", "descriptor": -1, "width": 80, "height": 24, "mount": 1}
    assert place(seen, "pivot_root") < place(seen, "open_console") < place(seen, "remount_root")


def test_a_console_in_the_foreground_has_a_descriptor_and_no_size() -> None:
    fields = only(created(config_of(process={"terminal": True}), console_descriptor=9), "open_console").fields
    assert fields == {"socket": None, "descriptor": 9, "width": 0, "height": 0, "mount": 1}
    assert not named(planned(), "open_console")


def test_the_session_keyring_is_called_after_the_container() -> None:
    found = only(planned({"mountLabel": "l"}), "join_session_keyring")
    assert found.fields == {"name": "_ses.one", "label": "l"}
    assert not named(created(config_of(), no_new_keyring=True), "join_session_keyring")


def test_the_ids_of_a_further_process_are_its_own() -> None:
    seen = look(exec_plan_of(config_of(), {"user": {"uid": 8, "gid": 9}}).operations)
    assert only(seen, "set_user").fields["uid"] == 8
