"""Help, shell completion and mistakes in the command's name: click, on an application made from the table.

Only they come here: importing click costs more than a whole `tiffin run`.
"""

from __future__ import annotations

from typing import NoReturn

import click

from tiffin.cli.flag import Command
from tiffin.cli.table import COMMANDS

ABOUT = """
Runs containers from OCI images, with no daemon.

\b
    tiffin run hello                        what a container is isolated from
    tiffin run --rm -it ./alpine.tar sh     a shell in an image of yours
    tiffin doctor                           what this host can do
"""


def application() -> click.Group:
    """The whole command line, for click; no command of it does anything."""
    top = click.Group("tiffin", help=ABOUT, context_settings={"help_option_names": ["--help"]})
    for command in COMMANDS:
        group: click.Group = top
        *folders, name = command.name.split()
        for folder in folders:
            group = _subgroup(group, folder)
        group.add_command(_click_command(command, name))
    return top


def _subgroup(parent: click.Group, name: str) -> click.Group:
    found = parent.commands.get(name)
    if not isinstance(found, click.Group):
        found = click.Group(name, help=f"manage {name}s")
        parent.add_command(found)
    return found


def _click_command(command: Command, name: str) -> click.Command:
    parameters: list[click.Parameter] = [
        click.Option(
            [("-" if len(name) == 1 else "--") + name for name in flag.names],
            is_flag=flag.kind == "switch",
            multiple=flag.kind == "texts",
            metavar=flag.value or None,
            help=flag.help,
        )
        for flag in command.flags or ()
    ]
    if command.arguments:
        parameters.append(
            click.Argument(
                ["words"], nargs=-1, required=command.fewest > 0, metavar=command.arguments, type=click.Path()
            )
        )
    context = {
        "allow_interspersed_args": command.name != "run",
        "ignore_unknown_options": command.flags is None,
    }
    return click.Command(name, params=parameters, help=command.summary, context_settings=context)


def main(argv: list[str]) -> NoReturn:
    """Prints what was asked for, and ends the process: with 0 after help, with 2 for a command that there is none of."""
    words = argv[1:]
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    application()(words or ["--help"], prog_name="tiffin")  # leaves by SystemExit, with the right code
