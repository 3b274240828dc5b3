"""The table of commands holds together, and is what help, completion and the packaging say."""

from __future__ import annotations

import importlib
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from packages.tiffin.tests.conftest import RUN

from tiffin.cli import VERSION
from tiffin.cli.flag import Command
from tiffin.cli.help import application
from tiffin.cli.table import COMMANDS

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
DOCKER_FLAGS = """
    -i -t -d --rm --name -e --env-file -v --mount -w -u --memory --cpus --pids-limit --cap-add --cap-drop --security-opt
    --network --hostname --read-only --tmpfs --ulimit --device --runtime --init --entrypoint --privileged
"""


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_command_has_a_module_with_main(command: Command) -> None:
    assert find_spec(command.module) is not None
    assert callable(importlib.import_module(command.module).main)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_names_of_flags_are_unique(command: Command) -> None:
    names = [name for flag in command.flags or () for name in flag.names]
    assert len(names) == len(set(names))
    assert {flag.kind for flag in command.flags or ()} <= {"switch", "text", "texts"}
    assert all(len(flag.key) > 1 for flag in command.flags or ())


def test_help_has_every_command_and_flag() -> None:
    top = application()
    assert list(top.commands) == [command.name for command in COMMANDS]
    for command in COMMANDS:
        options = {name for option in top.commands[command.name].params for name in option.opts}
        for flag in command.flags or ():
            assert {("-" if len(name) == 1 else "--") + name for name in flag.names} <= options


def test_run_has_docker_s_flags() -> None:
    names = {("-" if len(name) == 1 else "--") + name for flag in RUN.flags or () for name in flag.names}
    assert set(DOCKER_FLAGS.split()) <= names


def test_the_version_is_that_of_the_package() -> None:
    assert tomllib.loads(PROJECT.read_text())["project"]["version"] == VERSION
