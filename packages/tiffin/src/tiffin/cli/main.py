"""The command `tiffin`: finds the command in the table, reads its arguments, and maps each error to an exit code."""

from __future__ import annotations

import os
import sys
import time

from tiffin.cli.failure import FAILED, NOT_EXECUTABLE, NOT_FOUND, CommandFailed
from tiffin.cli.parse import HelpWanted, UsageError, before_command, parse
from tiffin.cli.table import COMMANDS, WHERE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.flag import Command
    from tiffin.cli.parse import Arguments

STARTED = time.monotonic_ns()
INTERRUPTED = 130  # 128 and SIGINT
UNREAD = 141  # 128 and SIGPIPE
ENOENT = 2
ADDRESS, NAMESPACE = "TIFFIN_ADDRESS", "CONTAINERD_NAMESPACE"
BY_NAME = {command.name: command for command in COMMANDS}


def main(argv: list[str]) -> int:
    """Runs one command; returns the exit code of the process."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        from tiffin.cli.closed_streams import open_closed_streams

        open_closed_streams()
    command, words = None, argv[1:]
    try:
        where, words = before_command(words, {name: flag for flag in WHERE for name in flag.names})
        command = None if "_TIFFIN_COMPLETE" in os.environ else BY_NAME.get(words[0] if words else "")
        return _call(command, words[1:], where) if command else _without_command([argv[0], *words])
    except HelpWanted:
        return _help([argv[0], *words[:1], "--help"])
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError as error:
        return _unread() or _failed(command, error)
    except (UsageError, CommandFailed, OSError) as error:
        return _failed(command, error)
    except Exception as error:
        # the classes of the layers below: a command that fails can afford their import, `--version` cannot
        from tiffin.image.errors import ImageFailure
        from tiffin.runtime.errors import RuntimeFailure

        if not isinstance(error, ImageFailure | RuntimeFailure):
            raise
        return _failed(command, error)


def _without_command(argv: list[str]) -> int:
    """The version; else help, or what is wrong about the words."""
    if argv[1:2] not in (["--version"], ["-v"]):
        return _help(argv)
    from tiffin.cli import VERSION

    print(f"tiffin {VERSION}", flush=True)
    return 0


def _call(command: Command, words: list[str], where: dict[str, str]) -> int:
    from importlib import import_module

    if where.get("address") and not command.managed:
        raise UsageError("--address: this command works without a manager only")
    # before anything more is imported
    arguments = words if command.flags is None else _placed(command, parse(command, words), where)
    code: int = import_module(command.module).main(arguments)
    sys.stdout.flush()
    return code


def _placed(command: Command, arguments: Arguments, where: dict[str, str]) -> Arguments:
    """The arguments, with the manager that is to be asked. `--address=` asks none, whatever the environment says."""
    address = where.get("address", os.environ.get(ADDRESS, ""))
    if not address or not command.managed:
        return arguments
    namespace = where.get("namespace") or os.environ.get(NAMESPACE) or "default"
    return arguments.replace(address=address, namespace=namespace)


def _failed(command: Command | None, error: Exception) -> int:
    """Tells of the error; returns the exit code that docker and podman have for it."""
    name = f"tiffin {command.name}" if command else "tiffin"
    from tiffin.cli.harmless import harmless

    print(f"{name}: {harmless(_told(error), lines=True)}", file=sys.stderr)
    if command and isinstance(error, UsageError):
        print(f"See `{name} --help`.", file=sys.stderr)
    if isinstance(error, CommandFailed) and error.code != FAILED:
        return error.code
    # OperationFailed: the program was not found, or not executed; or its working directory, which counts as that
    if getattr(error, "program", False) or getattr(error, "where", "") == "process.cwd":
        return NOT_FOUND if getattr(error, "errno", 0) == ENOENT else NOT_EXECUTABLE
    return FAILED if command is None or isinstance(error, UsageError) else command.failed


def _told(error: Exception) -> str:
    """What was wrong; an error of the operating system without its number."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    return ": ".join([*names, error.strerror])


def _unread() -> int:
    """The exit code of one that SIGPIPE has killed, if nobody reads our output any more (`| head`); else 0."""
    from select import POLLERR, poll

    ours = poll()
    for number in (1, 2):
        ours.register(number, 0)
    closed = [number for number, events in ours.poll(0) if events & POLLERR]
    for number in closed:  # what is still buffered goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC), number)
    return UNREAD if closed else 0


def _help(argv: list[str]) -> int:
    from tiffin.cli.help import main as help_main

    return help_main(argv)
