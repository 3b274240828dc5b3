"""`tiffin-image completion`: the script that makes a shell complete verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, *, shell: str) -> None:
    """Prints the script for a shell, for example: eval "$(tiffin-image completion bash)"."""
    from tiffin.image.command.application import COMPLETE, NAME

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click knows no shell {shell!r}")
    print(kind(context.find_root().command, {}, NAME, COMPLETE).source())
