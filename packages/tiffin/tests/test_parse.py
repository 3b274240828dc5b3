"""From argv to flags and words, by docker's rules."""

from __future__ import annotations

import pytest
from packages.tiffin.tests.conftest import RUN

from tiffin.cli.parse import Arguments, HelpWanted, UsageError, parse
from tiffin.cli.table import COMMANDS

RM = next(command for command in COMMANDS if command.name == "rm")
EXPLAIN = next(command for command in COMMANDS if command.name == "explain")


@pytest.mark.parametrize(
    ("argv", "flags", "words"),
    [
        (["image"], {}, ("image",)),
        (["-it", "image"], {"interactive": True, "tty": True}, ("image",)),
        (["--rm=false", "image"], {"rm": False}, ("image",)),
        (["-i=false", "image"], {"interactive": False}, ("image",)),
        (["--name", "a", "image"], {"name": "a"}, ("image",)),
        (["--name=a=b", "image"], {"name": "a=b"}, ("image",)),
        (["--name=a", "--name=b", "image"], {"name": "b"}, ("image",)),
        (["-ea=1", "-e", "b=2", "--env=c=3", "image"], {"env": ["a=1", "b=2", "c=3"]}, ("image",)),
        (["-itea=1", "image"], {"interactive": True, "tty": True, "env": ["a=1"]}, ("image",)),
        (["-m=1g", "image"], {"memory": "1g"}, ("image",)),
        (["--net", "host", "image"], {"network": "host"}, ("image",)),
        (["-h", "box", "image"], {"hostname": "box"}, ("image",)),
        (["image", "ls", "-l", "--rm"], {}, ("image", "ls", "-l", "--rm")),
        (["--rm", "--", "-image", "--name"], {"rm": True}, ("-image", "--name")),
        (["image", "--help"], {}, ("image", "--help")),
        (["--entrypoint", "", "image"], {"entrypoint": ""}, ("image",)),
        (["image", "-"], {}, ("image", "-")),
    ],
)
def test_run(argv: list[str], flags: dict[str, bool | str | list[str]], words: tuple[str, ...]) -> None:
    assert parse(RUN, argv) == Arguments(flags, words)


def test_flags_after_words_unless_they_are_a_command_line() -> None:
    assert parse(RM, ["one", "-f", "two"]) == Arguments({"force": True}, ("one", "two"))
    assert parse(RM, ["one", "--", "-f"]) == Arguments({}, ("one", "-f"))


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        ([], "expected IMAGE"),
        (["--nam", "x", "image"], "unknown flag: --nam (did you mean --name?)"),
        (["--qqq", "image"], "unknown flag: --qqq"),
        (["-y", "image"], "unknown flag: -y"),
        (["--e=a", "image"], "unknown flag: --e"),
        (["--name"], "flag needs a value: --name"),
        (["-e"], "flag needs a value: -e"),
        (["--rm=maybe", "image"], "--rm is true or false, not 'maybe'"),
    ],
)
def test_mistakes(argv: list[str], text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(RUN, argv)
    assert text in str(caught.value)


def test_too_many_words() -> None:
    with pytest.raises(UsageError, match="expected BUNDLE, got: a b"):
        parse(EXPLAIN, ["a", "b"])


def test_help_wins_over_what_is_missing() -> None:
    for argv in (["--help"], ["--rm", "--help"]):
        with pytest.raises(HelpWanted):
            parse(RUN, argv)
    with pytest.raises(HelpWanted):
        parse(RM, ["-h"])


def test_what_was_not_given() -> None:
    arguments = parse(RUN, ["--env=a=1", "image"])
    assert not arguments.switch("rm")
    assert not arguments.given("name")
    assert arguments.text("name", "none") == "none"
    assert arguments.texts("volume") == []
    assert arguments.texts("env") == ["a=1"]
