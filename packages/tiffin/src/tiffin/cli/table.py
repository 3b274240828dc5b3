"""The one table of the command `tiffin`: each command, its flags, and the module that does it.

`parse` reads argv by it, `help` makes the help and the shell completion from it. A module is imported only when its
command runs, and has `main(arguments: Arguments) -> int`. A command with `flags` None reads its own arguments: its
module has `main(argv: list[str]) -> int`.
"""

from __future__ import annotations

from tiffin.cli.flag import Command, Flag
from tiffin.cli.run.flags import RUN_FLAGS, RUNTIME

WHERE = (
    Flag(("address",), "text", "SOCKET", "ask the manager there, tiffind or a containerd ($TIFFIN_ADDRESS)"),
    Flag(("namespace",), "text", "NAME", "of that manager (default: $CONTAINERD_NAMESPACE, or default)"),
)
"""Flags before the command's name."""

JSON = Flag(("json",), "switch", "", "print JSON")
QUIET = Flag(("quiet", "q"), "switch", "", "names only")
EXEC_FLAGS = (
    Flag(("interactive", "i"), "switch", "", "keep standard input open"),
    Flag(("tty", "t"), "switch", "", "give the process a terminal"),
    Flag(("detach", "d"), "switch", "", "return as soon as it runs"),
    Flag(("user", "u"), "text", "USER[:GROUP]", "names or numbers, looked up in the container"),
    Flag(("workdir", "w"), "text", "DIR", "working directory in the container"),
    Flag(("env", "e"), "texts", "NAME[=VALUE]", "set a variable, or take it from here"),
    Flag(("env-file",), "texts", "FILE", "read variables from a file, one NAME=VALUE a line"),
)

COMMANDS = (
    Command(
        "run", "IMAGE [COMMAND [ARG...]]", 1, -1, "run a command in a new container",
        "tiffin.cli.run.command", RUN_FLAGS, line=True, managed=True,
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
        managed=True,
    ),
    Command(
        "inspect", "NAME...", 1, -1, "print all that is known of containers, as JSON",
        "tiffin.cli.containers.inspection", managed=True, failed=1,
    ),
    Command(
        "exec", "NAME COMMAND [ARG...]", 2, -1, "run a command in a container that runs",
        "tiffin.cli.containers.execution", EXEC_FLAGS, line=True, managed=True, failed=1,
    ),
    Command(
        "attach", "NAME", 1, 1, "join the streams of a container that runs; ctrl-p ctrl-q leaves it",
        "tiffin.cli.containers.attaching",
        (Flag(("no-stdin",), "switch", "", "only look"),), managed=True, failed=1,
    ),
    Command(
        "logs", "NAME", 1, 1, "print what a container in the background has written",
        "tiffin.cli.containers.output",
        (
            Flag(("follow", "f"), "switch", "", "go on until it has ended"),
            Flag(("tail", "n"), "text", "LINES", "only the last ones"),
            Flag(("timestamps", "t"), "switch", "", "each line with its time"),
        ),
        managed=True,
    ),
    Command(
        "stop", "NAME...", 1, -1, "end containers: signal, time to end, SIGKILL",
        "tiffin.cli.containers.stopping",
        (Flag(("time", "t"), "text", "SECONDS", "time to end after the signal (default: the container's)"),),
        managed=True,
    ),
    Command(
        "kill", "NAME...", 1, -1, "send a signal to containers",
        "tiffin.cli.containers.killing", (Flag(("signal", "s"), "text", "SIGNAL", "which one (default: KILL)"),),
        managed=True,
    ),
    Command("pause", "NAME...", 1, -1, "freeze containers", "tiffin.cli.containers.pausing", managed=True),
    Command(
        "unpause", "NAME...", 1, -1, "let paused containers run on", "tiffin.cli.containers.resuming", managed=True
    ),
    Command(
        "rm", "NAME...", 1, -1, "remove containers",
        "tiffin.cli.containers.removal", (Flag(("force", "f"), "switch", "", "kill those that run"),), managed=True,
    ),
    Command(
        "wait", "NAME...", 1, -1, "wait until containers have ended, and print their exit codes",
        "tiffin.cli.containers.waiting", managed=True, failed=1,
    ),
    Command(
        "top", "NAME [PS OPTION...]", 1, -1, "list the processes of a container, by the host's ps",
        "tiffin.cli.containers.processes", line=True, managed=True, failed=1,
    ),
    Command(
        "stats", "[NAME...]", 0, -1, "print what containers use, each second",
        "tiffin.cli.containers.statistics",
        (Flag(("no-stream",), "switch", "", "only once"), JSON), managed=True, failed=1,
    ),
    Command(
        "events", "", 0, 0, "print what happens, as it happens",
        "tiffin.cli.containers.happenings",
        (Flag(("filter", "f"), "texts", "FILTER", "topic, or in containerd's language: topic~=/tasks/.*"), JSON),
        managed=True, failed=1,
    ),
    Command(
        "cp", "NAME:PATH|PATH|- NAME:PATH|PATH|-", 2, 2,
        "copy files out of a container that runs, or into it; - is a tar archive on a standard stream",
        "tiffin.cli.containers.copying",
        (Flag(("archive", "a"), "switch", "", "keep owners (else they become root's, or yours)"),),
        managed=True, failed=1,
    ),
    Command(
        "images", "", 0, 0, "list images",
        "tiffin.cli.images_listing", (Flag(("quiet", "q"), "switch", "", "ids only"), JSON), managed=True,
    ),
    Command("rmi", "IMAGE...", 1, -1, "remove images, by id or name", "tiffin.cli.images_removal", managed=True),
    Command(
        "system", "verify|df|prune|pin|unpin [IMAGE...]", 1, -1,
        "check the store, explain what takes the disk, remove what nothing keeps, keep images",
        "tiffin.cli.system.command",
        (
            JSON,
            Flag(("all", "a"), "switch", "", "prune: also images that no container uses"),
            Flag(("quick",), "switch", "", "verify: do not compare the files of snapshots with their layers"),
        ),
        managed=True,
    ),
    Command("doctor", "[NAME...]", 0, -1, "what this host can do", "tiffin.cli.doctor", None),
    Command("completion", "SHELL", 1, 1, "print the completion script for bash, zsh or fish", "tiffin.cli.completion"),
    Command("version", "", 0, 0, "print the versions of the packages", "tiffin.cli.version"),
)  # fmt: skip
