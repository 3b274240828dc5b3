"""The command line is read as Go's flag package reads it."""

from __future__ import annotations

import pytest

from tiffin.runtime.errors import InvalidArgument
from tiffin.shim.command.flags import SWITCHES, TEXTS, Invocation, parse
from tiffin.shim.command.usage import USAGE_TEXT


def test_containerd_s_own_command_line() -> None:
    words = [
        "-namespace",
        "k8s.io",
        "-address",
        "/c.sock",
        "-publish-binary",
        "/usr/bin/containerd",
        "-id",
        "one",
    ]
    found = parse([*words, "-debug", "start"])
    assert found == Invocation(
        namespace="k8s.io",
        address="/c.sock",
        publish_binary="/usr/bin/containerd",
        id="one",
        debug=True,
        action="start",
    )


def test_delete_with_a_bundle() -> None:
    found = parse(["-namespace=n", "--id=one", "-bundle", "/b", "delete"])
    assert (found.namespace, found.id, found.bundle, found.action) == ("n", "one", "/b", "delete")


def test_an_empty_value_is_a_value() -> None:
    assert parse(["-address=", "-id", "", "start"]) == Invocation(action="start")


def test_a_switch_may_say_false_and_dashes_end_the_flags() -> None:
    assert parse(["-debug=true", "--debug=f", "--", "start", "-debug"]) == Invocation(action="start")


def test_what_follows_the_action_is_ignored() -> None:
    assert parse(["start", "-debug"]) == Invocation(action="start")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["-what"], "not defined: -what"),
        (["-id"], "needs an argument: -id"),
        (["-debug=maybe"], "a switch is true or false"),
    ],
)
def test_what_is_wrong_is_named(words: list[str], text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        parse(words)


def test_the_usage_has_every_flag_and_no_other() -> None:
    found = {word.strip(",")[1:] for word in USAGE_TEXT.split() if word.startswith("-")}
    assert found == SWITCHES.keys() | TEXTS.keys()
