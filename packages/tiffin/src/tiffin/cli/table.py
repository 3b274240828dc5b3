"""The one table of the command `tiffin`: each command, its flags, and the module that does it.

`parse` reads argv by it, `help` makes the help and the shell completion from it. A module is imported only when its
command runs, and has `main(arguments: Arguments) -> int`. A command with `flags` None reads its own arguments: its
module has `main(argv: list[str]) -> int`.
"""

from __future__ import annotations

from tiffin.cli.flag import Command, Flag
from tiffin.cli.run.flags import RUN_FLAGS, RUNTIME

JSON = Flag(("json",), "switch", "", "print JSON")
QUIET = Flag(("quiet", "q"), "switch", "", "names only")

COMMANDS = (
    Command(
        "run", "IMAGE [COMMAND [ARG...]]", 1, -1, "run a command in a new container",
        "tiffin.cli.run.command", RUN_FLAGS, line=True,
    ),
    Command(
        "demo", "", 0, 0, "show what tiffin does, step by step, with times",
        "tiffin.cli.demo.command", (RUNTIME,),
    ),
    Command(
        "explain", "BUNDLE", 1, 1, "print the plan of kernel operations for an OCI bundle; do nothing",
        "tiffin.cli.explain", (JSON,),
    ),
    Command(
        "ps", "", 0, 0, "list containers",
        "tiffin.cli.containers.listing", (Flag(("all", "a"), "switch", "", "also those that do not run"), QUIET, JSON),
    ),
    Command(
        "logs", "NAME", 1, 1, "print what a container in the background has written",
        "tiffin.cli.containers.output",
    ),
    Command(
        "stop", "NAME...", 1, -1, "end containers: signal, time to end, SIGKILL",
        "tiffin.cli.containers.stopping",
        (Flag(("time", "t"), "text", "SECONDS", "time to end after the signal (default: the container's)"),),
    ),
    Command(
        "kill", "NAME...", 1, -1, "send a signal to containers",
        "tiffin.cli.containers.killing", (Flag(("signal", "s"), "text", "SIGNAL", "which one (default: KILL)"),),
    ),
    Command(
        "rm", "NAME...", 1, -1, "remove containers",
        "tiffin.cli.containers.removal", (Flag(("force", "f"), "switch", "", "kill those that run"),),
    ),
    Command(
        "images", "", 0, 0, "list images",
        "tiffin.cli.images_listing", (Flag(("quiet", "q"), "switch", "", "ids only"), JSON),
    ),
    Command("rmi", "IMAGE...", 1, -1, "remove images, by id or name", "tiffin.cli.images_removal"),
    Command(
        "system", "verify|df|prune|pin|unpin [IMAGE...]", 1, -1,
        "check the store, explain what takes the disk, remove what nothing keeps, keep images",
        "tiffin.cli.system.command",
        (JSON, Flag(("all", "a"), "switch", "", "prune: also images that no container uses")),
    ),
    Command("doctor", "[NAME...]", 0, -1, "what this host can do", "tiffin.cli.doctor", None),
    Command("completion", "SHELL", 1, 1, "print the completion script for bash, zsh or fish", "tiffin.cli.completion"),
    Command("version", "", 0, 0, "print the versions of the packages", "tiffin.cli.version"),
)  # fmt: skip
