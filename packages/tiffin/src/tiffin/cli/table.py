"""The one table of the command `tiffin`: each command, its flags, and the module that does it.

`parse` reads argv by it, `help` makes the help and the shell completion from it. A module is imported only when its
command runs, and has `main(arguments: Arguments) -> int`. A command with `flags` None reads its own arguments: its
module has `main(argv: list[str]) -> int`.
"""

from __future__ import annotations

from tiffin.cli.flag import Command, Flag
from tiffin.cli.run.flags import RUN_FLAGS

JSON = Flag(("json",), "switch", "", "print JSON")

COMMANDS = (
    Command(
        "run",
        "IMAGE [COMMAND [ARG...]]",
        1,
        -1,
        "run a command in a new container",
        "tiffin.cli.run.command",
        RUN_FLAGS,
    ),
    Command("demo", "", 0, 0, "show what tiffin does, step by step, with times", "tiffin.cli.demo", ()),
    Command(
        "explain",
        "BUNDLE",
        1,
        1,
        "print the plan of kernel operations for a bundle",
        "tiffin.cli.explain",
        (JSON,),
    ),
    Command(
        "ps",
        "",
        0,
        0,
        "list containers",
        "tiffin.cli.containers.listing",
        (
            Flag(("all", "a"), "switch", "", "also those that do not run"),
            Flag(("quiet", "q"), "switch", "", "names only"),
            JSON,
        ),
    ),
    Command(
        "stop",
        "NAME...",
        1,
        -1,
        "end containers: signal, time to end, SIGKILL",
        "tiffin.cli.containers.stopping",
        (),
    ),
    Command(
        "rm",
        "NAME...",
        1,
        -1,
        "remove containers",
        "tiffin.cli.containers.removal",
        (Flag(("force", "f"), "switch", "", "kill those that run"),),
    ),
    Command("image ls", "", 0, 0, "list unpacked images", "tiffin.cli.images_listing", (JSON,)),
    Command("image rm", "ID...", 1, -1, "remove unpacked images", "tiffin.cli.images_removal", ()),
    Command("doctor", "[NAME...]", 0, -1, "what this host can do", "tiffin.cli.doctor", None),
    Command(
        "completion",
        "SHELL",
        1,
        1,
        "print the completion script for bash, zsh or fish",
        "tiffin.cli.completion",
        (),
    ),
    Command("version", "", 0, 0, "print the version", "tiffin.cli.version", ()),
)
