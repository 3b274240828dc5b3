"""argv by the rules of Go's flag package and of the command-line library that runc has."""

from __future__ import annotations

import pytest

from tiffin.runtime.command.parse import Invocation, UnknownVerb, UsageError, parse


def parsed(*words: str) -> Invocation:
    return parse(["runc", *words])


def test_global_flags_stand_before_the_verb() -> None:
    invocation = parsed("--root", "/r", "-debug", "--log=/l", "--log-format", "json", "state", "id")
    assert invocation.globals.text("root") == "/r"
    assert invocation.globals.text("log") == "/l"
    assert invocation.globals.text("log-format") == "json"
    assert invocation.globals.switch("debug")
    assert invocation.verb is not None
    assert invocation.verb.name == "state"
    assert invocation.arguments == ("id",)


def test_a_flag_may_stand_after_the_arguments() -> None:
    invocation = parsed("delete", "id", "--force")
    assert invocation.flags.switch("force")
    assert invocation.arguments == ("id",)


def test_what_follows_the_id_of_exec_is_the_command() -> None:
    invocation = parsed("exec", "--cwd", "/x", "id", "ls", "--cwd", "-l", "--", "a")
    assert invocation.flags.text("cwd") == "/x"
    assert invocation.arguments == ("id", "ls", "--cwd", "-l", "--", "a")


def test_what_follows_the_id_of_ps_are_options_of_ps() -> None:
    assert parsed("ps", "id", "-o", "pid").arguments == ("id", "-o", "pid")


def test_two_dashes_end_the_flags() -> None:
    assert parsed("delete", "--", "--force").arguments == ("--force",)
    assert parsed("kill", "id", "--", "-9").arguments == ("id", "-9")


def test_an_unknown_flag_after_an_argument_is_an_argument() -> None:
    assert parsed("kill", "id", "-9").arguments == ("id", "-9")
    with pytest.raises(UsageError, match="provided but not defined: -9"):
        parsed("kill", "-9", "id")


def test_a_single_dash_is_an_argument() -> None:
    assert parsed("update", "-r", "-", "id").flags.text("resources") == "-"
    assert parsed("kill", "-", "9").arguments == ("-", "9")


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("1", True), ("T", True), ("false", False), ("0", False)]
)
def test_a_switch_takes_the_booleans_of_go(text: str, *, value: bool) -> None:
    assert parsed("delete", f"--force={text}", "id").flags.switch("force") is value


def test_a_switch_takes_no_separate_value() -> None:
    assert parsed("kill", "--all", "false").arguments == ("false",)


def test_the_last_value_of_a_flag_counts_and_lists_grow() -> None:
    flags = parsed(
        "exec", "--cwd", "/a", "-e", "A=1", "--cwd", "/b", "--env", "B=2", "-g", "1", "-g", "0x10", "id"
    ).flags
    assert flags.text("cwd") == "/b"
    assert flags.texts("env") == ["A=1", "B=2"]
    assert flags.integers("additional-gids") == [1, 16]


def test_a_value_may_look_like_a_flag_and_hold_equals_signs() -> None:
    assert parsed("run", "--pid-file", "--detach", "id").flags.text("pid-file") == "--detach"
    assert parsed("exec", "-e=A=B=C", "id").flags.texts("env") == ["A=B=C"]


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("5s", 5 * 10**9),
        ("1m30s", 90 * 10**9),
        ("1.5h", 5400 * 10**9),
        ("10ms", 10**7),
        ("7us", 7000),
        ("2ns", 2),
    ],
)
def test_durations_are_those_of_go(text: str, nanoseconds: int) -> None:
    assert parsed("events", "--interval", text, "id").flags.integer("interval") == nanoseconds


@pytest.mark.parametrize("text", ["5", "", "s", "5x", "1..5s", "five", "5s5"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="for flag -interval: parse error"):
        parsed("events", "--interval", text, "id")


def test_an_integer_may_be_negative() -> None:
    assert parsed("update", "--pids-limit", "-1", "id").flags.integer("pids-limit") == -1


def test_a_flag_without_its_value_is_refused() -> None:
    with pytest.raises(UsageError, match="flag needs an argument: -root"):
        parsed("--root")
    with pytest.raises(UsageError, match="flag needs an argument: -bundle"):
        parsed("run", "id", "--bundle")


def test_help_is_a_verb_and_a_flag() -> None:
    for words in ((), ("help",), ("h",), ("--help",), ("-h",), ("--version",), ("-v", "state")):
        assert parsed(*words).verb is None
    for words in (("help", "kill"), ("kill", "--help"), ("kill", "-h")):
        invocation = parsed(*words)
        assert invocation.verb is not None
        assert invocation.verb.name == "kill"
        assert invocation.flags.switch("help")


@pytest.mark.parametrize("words", [("nothing",), ("help", "nothing")])
def test_an_unknown_verb_is_named(words: tuple[str, ...]) -> None:
    with pytest.raises(UnknownVerb, match="No help topic for 'nothing'"):
        parsed(*words)
