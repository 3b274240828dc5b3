"""The command line for click: a group that imports a verb when it is used, and what surrounds each verb."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click
from click.shell_completion import CompletionItem, shell_complete

from tiffin.image.command import VERSION
from tiffin.image.command.failures import NOBODY_READS, tell
from tiffin.image.command.interruption import end_now, listen, too_late
from tiffin.image.command.session import Session
from tiffin.image.command.streams import finish, prepare, unread
from tiffin.image.command.table import BY_NAME, FOLDER, SECTIONS
from tiffin.image.errors import ImageFailure
from tiffin.runtime.errors import RuntimeFailure

NAME = "tiffin-image"
COMPLETE = "_TIFFIN_IMAGE_COMPLETE"
FAILURES = (
    click.ClickException,
    click.Abort,
    ImageFailure,
    RuntimeFailure,
    OSError,
    UnicodeEncodeError,
    KeyboardInterrupt,
)
ABOUT = """
Copies, inspects and keeps container images, with no daemon.

\b
    tiffin-image inspect docker://alpine
    tiffin-image copy docker://alpine:3.20 oci:./alpine:3.20
    tiffin-image copy --all docker://alpine docker://registry.example:5000/alpine
    tiffin-image pull alpine && tiffin run --rm -it alpine sh
"""
PLACES = """
\b
Places of images:
    docker://NAME[:TAG|@DIGEST]          in a registry
    oci:PATH[:TAG]                       an OCI layout, a folder
    oci-archive:PATH[:TAG]               an OCI layout in a tar archive
    docker-archive:PATH[:NAME:TAG]       what `docker save` writes
    dir:PATH                             manifest and blobs in a folder, as skopeo has it
    [tiffin:]NAME[:TAG|@DIGEST]          in the local store

\b
Exit codes: 0 done, 1 failed, 2 not found, 3 content is broken or forged, 4 permission denied,
5 unavailable, 6 not possible in this state, 7 not supported, 64 usage, 130 interrupted, 143 by SIGTERM.
"""


class Verbs(click.Group):
    """The verbs of the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's
        """All verbs, in the table's order."""
        return list(BY_NAME)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Imports a verb."""
        entry = BY_NAME.get(cmd_name)
        if entry is None:
            return None
        found: click.Command = getattr(import_module(f"{FOLDER}.{entry.module}"), entry.attribute)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list in the help, which imports no verb."""
        for title, entries in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(entry.name, entry.summary) for entry in entries])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The verbs that begin so, which imports none of them, or the options."""
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        found = (entry for name, entry in BY_NAME.items() if name.startswith(incomplete))
        return [CompletionItem(entry.name, help=entry.summary) for entry in found]


@click.group(
    NAME,
    cls=Verbs,
    help=ABOUT,
    epilog=PLACES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(VERSION, "--version", "-v", prog_name=NAME, message="%(prog)s %(version)s")
@click.option(
    "--root", metavar="DIR", default="", help="The local store; $TIFFIN_ROOT, or the user's by default."
)
@click.option(
    "--namespace", metavar="NAME", default="default", show_default=True, help="Whose images are seen."
)
@click.option("--debug", is_flag=True, help="Show where an error comes from.")
@click.pass_context
def application(context: click.Context, /, *, root: str, namespace: str, debug: bool) -> None:
    """Takes the options before the verb."""
    context.obj = Session(root, namespace, debug)


def run(words: list[str]) -> int:
    """Runs the verb that `words` name; returns the exit code."""
    prepare()
    listen()
    if instruction := os.environ.get(COMPLETE):
        return shell_complete(application, {}, NAME, COMPLETE, instruction)
    context: click.Context | None = None
    try:
        with application.make_context(NAME, words or ["--help"]) as context:
            application.invoke(context)
        sys.stdout.flush()
        too_late()
    except click.exceptions.Exit as end:
        return end.exit_code
    except FAILURES as error:
        too_late()
        if isinstance(error, BrokenPipeError) and unread():
            return NOBODY_READS
        verb = (context.invoked_subcommand or "") if context else ""
        code = tell(error, verb, debug=bool(context and context.obj and context.obj.debug))
        finish()
        if isinstance(error, KeyboardInterrupt):
            end_now(code)
        return code
    return 0
