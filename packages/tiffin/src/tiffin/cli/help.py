"""Help, shell completion and mistakes in the command's name: click, on an application made from the table.

Only they come here: importing click costs more than a whole `tiffin run`.
"""

from __future__ import annotations

import click

from tiffin.cli.flag import Command, Flag
from tiffin.cli.table import COMMANDS, WHERE

ABOUT = """
Runs containers from OCI images, with no daemon.

\b
    tiffin run hello                        what a container is isolated from
    tiffin run --rm -it ./alpine.tar sh     a shell in an image of yours
    tiffin demo                             what happens underneath, with times
    tiffin doctor                           what this host can do
"""
KEPT = """
\b
Images and containers are kept in /var/lib/tiffin ($XDG_DATA_HOME/tiffin without root), or $TIFFIN_ROOT; what a
reboot removes in /run/tiffin ($XDG_RUNTIME_DIR/tiffin), or $TIFFIN_RUN_ROOT.
"""
IMAGES = """
\b
IMAGE is one of:
    hello                     the image that comes with tiffin
    NAME[:TAG|@DIGEST]        one of a registry, or of the store; with --address one of the manager
    PATH[:TAG]                an OCI layout, an archive of one, or what `docker save` wrote
    oci:PATH[:TAG]  oci-archive:PATH[:TAG]  docker-archive:PATH[:NAME:TAG]
Exit code: the command's; 125 if tiffin failed, 126 if the command cannot be executed, 127 if it is not there,
128 + N if signal N killed it.
"""
EXEC = """
\b
Exit code: the command's; 1 if tiffin failed, 126 if the command cannot be executed, 127 if it is not there,
128 + N if signal N killed it.
"""
MORE = {"run": IMAGES, "exec": EXEC}


def application() -> click.Group:
    """The whole command line, for click; no command of it does anything."""
    top = click.Group(
        "tiffin",
        help=ABOUT,
        epilog=KEPT,
        context_settings={"help_option_names": ["--help"]},
        no_args_is_help=False,
    )
    top.params.append(click.Option(["--version", "-v"], is_flag=True, help="Print the version and exit."))
    top.params += [_click_option(flag) for flag in WHERE]
    for command in COMMANDS:
        top.add_command(_click_command(command))
    return top


def _click_command(command: Command) -> click.Command:
    parameters: list[click.Parameter] = [_click_option(flag) for flag in command.flags or ()]
    if command.arguments:
        parameters.append(
            click.Argument(
                ["words"], nargs=-1, required=command.fewest > 0, metavar=command.arguments, type=click.Path()
            )
        )
    context = {
        "allow_interspersed_args": not command.line,
        "ignore_unknown_options": command.flags is None,
    }
    sentence = command.summary[0].upper() + command.summary[1:] + "."
    return click.Command(
        command.name,
        params=parameters,
        help=sentence,
        short_help=command.summary,
        epilog=MORE.get(command.name),
        context_settings=context,
    )


def _click_option(flag: Flag) -> click.Option:
    return click.Option(
        [("-" if len(name) == 1 else "--") + name for name in flag.names],
        is_flag=flag.kind == "switch",
        multiple=flag.kind == "texts",
        metavar=flag.value or None,
        help=flag.help,
    )


def main(argv: list[str]) -> int:
    """Prints what was asked for; returns 0 after help, 2 for a command that there is none of."""
    words = argv[1:]
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    try:
        application()(words or ["--help"], prog_name="tiffin")
    except SystemExit as end:  # click's way to return
        return end.code if isinstance(end.code, int) else 1
    return 0
