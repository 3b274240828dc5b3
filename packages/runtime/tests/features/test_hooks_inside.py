"""createContainer and startContainer hooks, which run in the container's namespaces."""

from __future__ import annotations

import json
from typing import Any

import pytest
from packages.runtime.tests.features.subject import (
    Config,
    Subject,
    bind,
    namespaces,
    user_namespace,
    with_mounts,
)

pytestmark = pytest.mark.requires("root")


def hook(subject: Subject, script: str, **members: Any) -> Config:
    """A hook in a shell; $OUT is a folder that both file system trees have at the same path."""
    notes = subject.folder / "notes"
    notes.mkdir(exist_ok=True)
    notes.chmod(0o777)
    return {
        "path": "/bin/sh",
        "args": ["sh", "-c", script, "zero", "one"],
        "env": [f"OUT={notes}", "PATH=/bin:/usr/bin"],
        **members,
    }


def with_hook(subject: Subject, kind: str, one: Config, **more: Any) -> Config:
    notes = subject.folder / "notes"
    return {"hooks": {kind: [one]}, "mounts": with_mounts(bind(notes, str(notes), "rbind")), **more}


def noted(subject: Subject, name: str = "said") -> str:
    return (subject.folder / "notes" / name).read_text()


@pytest.mark.parametrize(("kind", "root"), [("createContainer", "host"), ("startContainer", "container")])
def test_a_hook_sees_the_tree_of_its_time(subject: Subject, kind: str, root: str) -> None:
    """createContainer before pivot_root: the program is the host's; startContainer after: the container's."""
    script = 'if [ -x /bin/probe ]; then echo container; else echo host; fi > "$OUT/said"'
    subject.run(with_hook(subject, kind, hook(subject, script)), "true", "true").must_succeed()
    assert noted(subject) == f"{root}\n"


@pytest.mark.parametrize("kind", ["createContainer", "startContainer"])
def test_arguments_and_environment_are_the_configs_and_nothing_else(subject: Subject, kind: str) -> None:
    script = 'env > "$OUT/environment"; echo "$0 $1 $#" > "$OUT/said"'
    subject.run(with_hook(subject, kind, hook(subject, script)), "true", "true").must_succeed()
    assert noted(subject) == "zero one 1\n"
    names = {line.partition("=")[0] for line in noted(subject, "environment").splitlines()}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == {"OUT", "PATH"}


@pytest.mark.parametrize("kind", ["createContainer", "startContainer"])
def test_a_hook_without_arguments_is_called_by_its_path(subject: Subject, kind: str) -> None:
    one = {"path": "/bin/true"}
    subject.run({"hooks": {kind: [one]}}, "true", "true").must_succeed()


@pytest.mark.parametrize("kind", ["createContainer", "startContainer"])
def test_the_pid_in_the_state_is_the_containers(subject: Subject, kind: str) -> None:
    """As the container sees it (runtime-spec, "State"): 1, unless it shares the host's pids."""
    config = with_hook(subject, kind, hook(subject, 'cat > "$OUT/said"'))
    subject.run(config, "true", "true").must_succeed()
    assert json.loads(noted(subject))["pid"] == 1
    pid_file = subject.folder / "pid"
    shared = {**config, "linux": {"namespaces": namespaces(without=["pid"])}}
    subject.run(shared, "true", "true", flags=["--pid-file", pid_file]).must_succeed()
    assert json.loads(noted(subject))["pid"] == int(pid_file.read_text())


@pytest.mark.parametrize("kind", ["createContainer", "startContainer"])
def test_a_hook_is_root_of_the_user_namespace(subject: Subject, kind: str) -> None:
    one = hook(subject, 'id -u > "$OUT/said"; cat /proc/self/uid_map >> "$OUT/said"')
    config = with_hook(subject, kind, one, linux=user_namespace())
    subject.run(config, "true", "true").must_succeed()
    assert noted(subject).split() == ["0", "0", "100000", "65536"]


def test_a_start_hook_that_takes_too_long_is_killed_and_the_program_never_runs(subject: Subject) -> None:
    config = with_hook(subject, "startContainer", hook(subject, "exec sleep 1000", timeout=1))
    outcome = subject.run(config, 'touch "/tmp/ran"')
    assert outcome.exit_code != 0
    assert "hooks.startContainer[0]" in outcome.stderr
    assert not list(subject.runtime.containers())


def test_a_start_hook_that_is_missing_in_the_container_is_named(subject: Subject) -> None:
    outcome = subject.run(
        {"hooks": {"startContainer": [{"path": "/usr/bin/env-of-the-host"}]}}, "true", "true"
    )
    assert outcome.exit_code != 0
    assert "/usr/bin/env-of-the-host" in outcome.stderr


def test_a_hook_within_its_time_does_no_harm(subject: Subject) -> None:
    one = hook(subject, 'echo done > "$OUT/said"', timeout=20)
    subject.run(with_hook(subject, "startContainer", one), "true", "true").must_succeed()
    assert noted(subject) == "done\n"
