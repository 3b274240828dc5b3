"""Every flag that runc documents is taken, under the same names, with or without a value as there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tiffin.runtime.command.parse import parse
from tiffin.runtime.command.table import GLOBAL_FLAGS, VERB_BY_NAME, Flag
from tiffin_testing.oci_runtime import OCIRuntime

OPTION = re.compile(r"^   (-[^ ]+(?:, -[^ ]+)*|-[^ ]+ value(?:, -[^ ]+ value)*)(?:  +|$)", re.MULTILINE)

# What runc 1.2 to 1.5 added to the flags of Debian's runc 1.1: (verb, flag, has a value).
NEWER = (
    ("create", "pidfd-socket", True),
    ("run", "pidfd-socket", True),
    ("exec", "pidfd-socket", True),
    ("update", "cpu-burst", True),
    ("update", "cpu-idle", True),
    ("checkpoint", "tcp-skip-in-flight", False),
    ("checkpoint", "link-remap", False),
)


def documented(help_text: str) -> Iterator[tuple[frozenset[str], bool]]:
    """(names, has a value) of each flag in a help text of runc."""
    for match in OPTION.finditer(help_text):
        words = match[1].replace(",", "").split()
        yield frozenset(word.lstrip("-") for word in words if word != "value"), "value" in words


def known(flags: tuple[Flag, ...], names: frozenset[str]) -> Flag | None:
    return next((flag for flag in flags if names <= set(flag.names)), None)


@pytest.mark.requires("runc")
@pytest.mark.parametrize("verb", sorted(VERB_BY_NAME))
def test_the_flags_of_a_verb_are_those_of_runc(verb: str, runc: OCIRuntime) -> None:
    found = list(documented(runc.call(verb, "--help").must_succeed().stdout))
    for names, has_value in found:
        flag = known(VERB_BY_NAME[verb].flags, names)
        assert flag is not None, names
        assert (flag.kind != "switch") == has_value, names
    if VERB_BY_NAME[verb].flags:
        assert found


@pytest.mark.requires("runc")
def test_the_global_flags_are_those_of_runc(runc: OCIRuntime) -> None:
    found = list(documented(runc.call("--help").must_succeed().stdout))
    assert {"root"} in [set(names) for names, _ in found]
    for names, has_value in found:
        flag = known(GLOBAL_FLAGS, names)
        assert flag is not None, names
        assert (flag.kind != "switch") == has_value, names


@pytest.mark.parametrize(("verb", "name", "has_value"), NEWER)
def test_the_flags_of_later_versions_of_runc_are_taken(verb: str, name: str, *, has_value: bool) -> None:
    flag = known(VERB_BY_NAME[verb].flags, frozenset({name}))
    assert flag is not None
    assert (flag.kind != "switch") == has_value


@pytest.mark.parametrize("verb", sorted(VERB_BY_NAME))
def test_every_flag_is_read_by_each_of_its_names(verb: str) -> None:
    values = {"text": "x", "texts": "x", "integer": "3", "integers": "3", "duration": "3s", "switch": ""}
    rest = ["id"] * VERB_BY_NAME[verb].fewest
    for flag in VERB_BY_NAME[verb].flags:
        for name in flag.names:
            for dashes in ("-", "--"):
                words = [f"{dashes}{name}={values[flag.kind]}" if values[flag.kind] else f"{dashes}{name}"]
                assert parse(["runc", verb, *words, *rest]).flags.given(flag.key)


@pytest.mark.parametrize("verb", sorted(VERB_BY_NAME))
def test_the_help_of_a_verb_shows_each_flag(verb: str, ours: OCIRuntime) -> None:
    shown = ours.call(verb, "--help").must_succeed().stdout
    for flag in VERB_BY_NAME[verb].flags:
        for name in flag.names:
            if flag.help:
                assert re.search(rf"(?<![\w-])-{{1,2}}{re.escape(name)}(?![\w-])", shown), name


def test_the_version_tells_which_specification_it_follows(ours: OCIRuntime) -> None:
    lines = ours.call("--version").must_succeed().stdout.splitlines()
    assert re.match(r"\S+ version \d+\.\d+\.\d+", lines[0])
    assert any(line.startswith("spec: 1.") for line in lines)
