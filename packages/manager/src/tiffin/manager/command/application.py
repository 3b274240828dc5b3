"""The command line for click: options of the daemon, and the verbs of `tiffind config`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tiffin.image.errors import ImageFailure
from tiffin.manager import VERSION
from tiffin.manager.config.checks import LEVELS
from tiffin.runtime.errors import RuntimeFailure

NAME = "tiffind"
FAILED, INTERRUPTED = 1, 130
ABOUT = """
Containers, images and snapshots as a service: containerd's API on a unix socket. Without a command it serves in the
foreground; what it runs goes on when it stops.

\b
    tiffind                                          with /etc/tiffind/config.toml, if it is there
    tiffind config default > config.toml             every setting, with what it means
    tiffind config migrate --input config.toml       a file of containerd becomes one of tiffind
"""


@click.group(
    NAME,
    help=ABOUT,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(VERSION, "--version", "-v", prog_name=NAME, message="%(prog)s %(version)s")
@click.option(
    "--config", "-c", metavar="FILE", default="", help="Settings; /etc/tiffind/config.toml if it is there."
)
@click.option("--address", "-a", metavar="SOCKET", default="", help="Path of the unix socket: grpc.address.")
@click.option("--root", metavar="DIR", default="", help="Where images and snapshots are kept: root.")
@click.option("--state", metavar="DIR", default="", help="Where what is gone after a boot is kept: state.")
@click.option(
    "--log-level", "-l", type=click.Choice(LEVELS), default=None, help="What is logged: debug.level."
)
@click.pass_context
def application(  # click hands over each option
    context: click.Context, /, *, config: str, address: str, root: str, state: str, log_level: str | None
) -> None:
    """Takes the options; serves if no verb follows."""
    context.obj = Options(config, overrides(address, root, state, log_level))
    if context.invoked_subcommand is None:
        from tiffin.manager.command.serve import serve

        context.exit(serve(context.obj.load))


class Options:
    """Where settings come from. file: "" for the default one. overrides: of the command line."""

    def __init__(self, file: str, overrides: Mapping[str, Any]) -> None:
        self.file = file
        self.overrides = overrides

    def load(self) -> Any:
        """The settings. Raises InvalidConfig."""
        from tiffin.manager.config.loading import load

        return load(self.file, overrides=self.overrides)


def overrides(address: str, root: str, state: str, level: str | None) -> dict[str, Any]:
    """What the options say, as a file would. Paths are from the working directory."""
    tree: dict[str, Any] = {}
    if root:
        tree["root"] = str(Path(root).absolute())
    if state:
        tree["state"] = str(Path(state).absolute())
    if address:
        tree["grpc"] = {"address": str(Path(address.removeprefix("unix://")).absolute())}
    if level:
        tree["debug"] = {"level": level}
    return tree


@application.group("config")
def config_group() -> None:
    """Settings."""


@config_group.command("default")
def default() -> None:
    """Every setting with its default and what it means."""
    from tiffin.manager.config.settings import Config
    from tiffin.manager.config.writing import to_toml

    click.echo(to_toml(Config(), comments=True), nl=False)


@config_group.command("dump")
@click.pass_obj
def dump(options: Options) -> None:
    """The settings that count: of the file, its imports and the options before `config`."""
    from tiffin.manager.config.writing import to_toml

    click.echo(to_toml(options.load()), nl=False)


@config_group.command("migrate")
@click.option(
    "--input", "-i", "source", metavar="FILE", default="-", show_default="stdin", help="containerd's file."
)
def migrate(source: str) -> None:
    """Rewrites a file of containerd, of version 1 to 4. What is dropped or changed is told on stderr."""
    import tomli_w

    from tiffin.manager.config.loading import parsed
    from tiffin.manager.config.migration import migrate as migrated

    data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    result = migrated(parsed(data, source))
    click.echo(tomli_w.dumps(result.tree), nl=False)
    for note in result.notes:
        click.echo(note, err=True)


@application.command("publish", hidden=True)
@click.option("--namespace", default="default")
@click.option("--topic", required=True)
@click.pass_obj
def publish(options: Options, namespace: str, topic: str) -> None:
    """Hands an event on, from stdin. Shims call this."""
    from tiffin.manager.command.publish import publish as published

    address = options.overrides.get("grpc", {}).get("address") or options.load().grpc.address
    published(address, namespace, topic, sys.stdin.buffer.read())


def run(words: list[str]) -> int:
    """Runs what `words` say; returns the exit code."""
    try:
        with application.make_context(NAME, words) as context:
            application.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (RuntimeFailure, ImageFailure, OSError) as error:
        click.echo(f"{NAME}: {error}", err=True)
        return FAILED
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    return 0
