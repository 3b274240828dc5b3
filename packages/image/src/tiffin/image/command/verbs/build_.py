"""`tiffin-image build`: an image from a Dockerfile, into the local store."""

from __future__ import annotations

import sys

import click

from tiffin.image.command.options import NewFile, Verb, platform_option, quiet_option
from tiffin.image.command.pairs import agents, arguments, pairs, secrets
from tiffin.image.command.registry_options import registry_options
from tiffin.image.command.session import Session
from tiffin.image.transfer.options import COMPRESSIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.building.finishing import Built
    from tiffin.image.documents import Platform
    from tiffin.image.transports.access import RegistryAccess

PULL = ("always", "missing", "never")
INSECURE = "security.insecure"


@click.command("build", cls=Verb)
@click.argument("context", default=".", metavar="[DIR]")
@click.option(
    "--file",
    "-f",
    default="",
    metavar="PATH|-",
    help="The Dockerfile; DIR/Dockerfile or Containerfile by default.",
)
@click.option(
    "--tag", "-t", "names", multiple=True, metavar="NAME", help="What the image is called; may be repeated."
)
@click.option("--target", default="", metavar="STAGE", help="Build this stage; the last one by default.")
@click.option("--build-arg", multiple=True, metavar="NAME[=VALUE]", help="For ARG.")
@click.option("--build-context", multiple=True, metavar="NAME=PLACE", help="A further folder, or an image.")
@click.option("--label", multiple=True, metavar="NAME=VALUE", help="A label of the image.")
@click.option("--secret", multiple=True, metavar="id=NAME,src=PATH", help="For RUN --mount=type=secret.")
@click.option("--ssh", multiple=True, metavar="ID[=SOCKET]", help="An agent for RUN --mount=type=ssh.")
@click.option("--add-host", multiple=True, metavar="NAME:ADDRESS", help="A line of /etc/hosts for RUN.")
@click.option("--allow", multiple=True, type=click.Choice([INSECURE]), help="RUN --security=insecure.")
@click.option("--pull", is_flag=False, flag_value="always", default="missing", type=click.Choice(PULL),
              show_default=True, help="When base images are pulled.")  # fmt: skip
@click.option("--no-cache", is_flag=True, help="Carry out every step.")
@click.option("--cache-from", multiple=True, metavar="PLACE", help="Results of other builds.")
@click.option("--cache-to", multiple=True, metavar="PLACE", help="Where to keep the results for others.")
@click.option(
    "--compress-format",
    type=click.Choice(COMPRESSIONS),
    default="gzip",
    show_default=True,
    help="Of new layers.",
)
@click.option("--compress-level", type=click.IntRange(1, 22), default=None, help="How hard to try.")
@click.option("--source-date-epoch", type=click.IntRange(0), default=None, metavar="SECONDS",
              help="The time of all that is new; $SOURCE_DATE_EPOCH by default.")  # fmt: skip
@click.option("--iidfile", default=None, type=NewFile(), help="Write the digest of the config there.")
@platform_option
@quiet_option
@registry_options()
@click.pass_obj
def build(
    session: Session, *, context: str, file: str, names: tuple[str, ...], target: str, build_arg: tuple[str, ...],
    build_context: tuple[str, ...], label: tuple[str, ...], secret: tuple[str, ...], ssh: tuple[str, ...],
    add_host: tuple[str, ...], allow: tuple[str, ...], pull: str, no_cache: bool, cache_from: tuple[str, ...],
    cache_to: tuple[str, ...], compress_format: str, compress_level: int | None, source_date_epoch: int | None,
    iidfile: str | None, platform: Platform | None, quiet: bool, access: RegistryAccess,
) -> None:  # fmt: skip
    """Builds an image from the Dockerfile in a folder, and prints its names and its digest."""
    from tiffin.image.building.build import build as build_image
    from tiffin.image.building.events import nobody
    from tiffin.image.building.options import BuildOptions
    from tiffin.image.command.build_progress import to_stderr

    options = BuildOptions(
        context,
        dockerfile="" if file == "-" else file,
        text=sys.stdin.read() if file == "-" else None,
        names=names,
        target=target,
        build_args=arguments(build_arg),
        labels=pairs("--label", label),
        platform=platform,
        contexts=pairs("--build-context", build_context),
        use_cache=not no_cache,
        pull=pull,
        secrets=secrets(secret),
        ssh=agents(ssh),
        hosts=tuple(map(_host_line, add_host)),
        compression=compress_format,
        level=compress_level or 0,
        source_date_epoch=source_date_epoch,
        insecure=INSECURE in allow,
        access=session.access(access),
        cache_from=cache_from,
        cache_to=cache_to,
    )
    _tell(build_image(options, session.store(), nobody if quiet else to_stderr()), iidfile)


def _tell(built: Built, iidfile: str | None) -> None:
    if iidfile:
        from tiffin.image.transports.unfinished import write_whole

        write_whole(iidfile, built.config_digest.encode())
    for name in built.names:
        print(f"{name} {built.manifest.digest}")


def _host_line(text: str) -> str:
    """A line of /etc/hosts. Raises UsageError."""
    name, colon, address = text.partition(":")
    if not colon or not name or not address:
        raise click.UsageError(f"--add-host {text!r}: expected NAME:ADDRESS")
    return f"{address.strip('[]')} {name}"
