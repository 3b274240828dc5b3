"""The command line for click: options of the daemon, and the verbs of `tiffind config`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tiffin.image.errors import ImageFailure
from tiffin.manager import VERSION
from tiffin.manager.command.options import OPTIONS, Settings
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
@click.pass_context
def application(context: click.Context, /, **options: str) -> None:
    """Takes the options; serves if no verb follows."""
    context.obj = Settings({name.replace("_", "-"): value for name, value in options.items() if value})
    if context.invoked_subcommand is None:
        from tiffin.manager.command.serve import serve

        context.exit(serve(context.obj.load))


for name, short, metavar, about in OPTIONS:
    forms = [form for form in (f"--{name}", short) if form]
    application.params.append(click.Option(forms, metavar=metavar, default="", help=about))


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
def dump(settings: Settings) -> None:
    """The settings that count: of the file, its imports and the options before `config`."""
    from tiffin.manager.config.writing import to_toml

    click.echo(to_toml(settings.load()), nl=False)


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
def publish(settings: Settings, namespace: str, topic: str) -> None:
    """Hands an event on, from stdin. Shims call this."""
    from tiffin.manager.command.publish import publish as published

    address = settings.overrides.get("grpc", {}).get("address") or settings.load().grpc.address
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
