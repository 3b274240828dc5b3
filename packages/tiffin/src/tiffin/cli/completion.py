"""`tiffin completion SHELL`: the script that makes a shell complete tiffin's commands and flags."""

from __future__ import annotations

from click.shell_completion import get_completion_class

from tiffin.cli.help import application
from tiffin.cli.parse import Arguments, UsageError

VARIABLE = "_TIFFIN_COMPLETE"


def main(arguments: Arguments) -> int:
    """Prints the script. Raises UsageError for a shell that there is none for."""
    shell = arguments.words[0]
    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError(f"there is completion for bash, zsh and fish, not for {shell!r}")
    print(kind(application(), {}, "tiffin", VARIABLE).source())
    return 0
