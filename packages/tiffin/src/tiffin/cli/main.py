"""The command `tiffin`: finds the command in the table, reads its arguments, and maps each error to an exit code."""

from __future__ import annotations

import os
import sys

from tiffin.cli.failure import FAILED, CommandFailed
from tiffin.cli.parse import UsageError, parse
from tiffin.cli.table import COMMANDS
from tiffin.image.errors import ImageFailure
from tiffin.runtime.errors import OperationFailed, RuntimeFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.flag import Command

USAGE = 125  # docker's and podman's for `run`; they have 1 and 125 elsewhere
BY_NAME = {command.name: command for command in COMMANDS}


def main(argv: list[str]) -> int:
    """Runs one command; returns the exit code of the process."""
    found = None if "_TIFFIN_COMPLETE" in os.environ else _find(argv[1:])
    if found is None:
        from tiffin.cli.help import main as help_main

        help_main(argv)
    command, words = found
    try:
        return _call(command, words)
    except UsageError as error:
        print(f"tiffin {command.name}: {error}\nSee `tiffin {command.name} --help`.", file=sys.stderr)
        return USAGE
    except CommandFailed as error:
        print(f"tiffin {command.name}: {error}", file=sys.stderr)
        return error.code
    except (ImageFailure, RuntimeFailure) as error:
        print(f"tiffin {command.name}: {error}", file=sys.stderr)
        return _code(error)
    except OSError as error:
        print(f"tiffin {command.name}: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130


def _find(words: list[str]) -> tuple[Command, list[str]] | None:
    """The command that the first words name, and the rest; None for help, completion and mistakes."""
    for count in (2, 1):
        command = BY_NAME.get(" ".join(words[:count]))
        if command is not None and len(words) >= count:
            rest = words[count:]
            help_wanted = command.flags is not None and rest[:1] in (["--help"], ["-h"]) and len(rest) == 1
            return None if help_wanted else (command, rest)
    return None


def _call(command: Command, words: list[str]) -> int:
    from importlib import import_module

    arguments = words if command.flags is None else parse(command, words)
    code: int = import_module(command.module).main(arguments)
    return code


def _code(error: Exception) -> int:
    """Docker's exit codes: 127 for a program that is not there, 126 for one that cannot be executed."""
    if isinstance(error, OperationFailed) and error.program:
        return 127 if error.errno == 2 else 126
    return FAILED
