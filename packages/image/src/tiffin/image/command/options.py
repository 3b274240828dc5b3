"""Options that several verbs have, as skopeo calls them: each decorator gives the verb one value."""

from __future__ import annotations

import os
from functools import wraps

import click

from tiffin.image.errors import InvalidArgument
from tiffin.image.platforms import parse as parse_platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tiffin.image.documents import Platform

    Function = Callable[..., Any]


class Verb(click.Command):
    """A verb. Options whose value may be left out (`--tls-verify=false`, `--pull=never`) take it only after `=`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As the base class."""
        optional = {
            name: bare
            for option in self.params
            if isinstance(option, click.Option) and (bare := _bare_value(option))
            for name in option.opts
        }
        end = args.index("--") if "--" in args else len(args)
        words = [f"{word}={optional[word]}" if word in optional else word for word in args[:end]]
        return super().parse_args(ctx, words + args[end:])


def _bare_value(option: click.Option) -> str:
    """What an option means that stands without its value; "" if it may not."""
    if option.is_flag:
        return ""
    if isinstance(option.flag_value, str):
        return option.flag_value
    return "true" if option.type is click.BOOL else ""


class NewFile(click.Path):
    """The path of a file that will be written: that its folder is missing shows before the work, not after it."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As the base class."""
        folder = os.path.dirname(os.fspath(value)) or "."
        if not os.path.isdir(folder):
            self.fail(f"There is no folder {folder!r}.", param, ctx)
        return super().convert(value, param, ctx)


def platform_option_for(text: str) -> Callable[[Function], Function]:
    """`--platform`, as a `Platform` or None. text: what it is for."""
    return click.option(
        "--platform", default=None, metavar="OS/ARCH[/VARIANT]", callback=_platform, help=text
    )


def platform_option(function: Function) -> Function:
    """`--platform`, where there may be several to choose from."""
    text = "Choose this one of an image for several; this machine's by default."
    return platform_option_for(text)(function)


def _platform(_context: click.Context, _option: click.Parameter, value: str | None) -> Platform | None:
    if value is None:
        return None
    found = parse_platform(value)
    if not found.os or not found.architecture:
        raise InvalidArgument(f"--platform {value!r}: expected OS/ARCH[/VARIANT], such as linux/arm64")
    return found


def epoch_option(text: str) -> Callable[[Function], Function]:
    """`--source-date-epoch`, as `source_date_epoch`: seconds since 1970, or None (https://reproducible-builds.org)."""
    return click.option(
        "--source-date-epoch",
        type=click.IntRange(0),
        default=None,
        envvar="SOURCE_DATE_EPOCH",
        metavar="SECONDS",
        help=text,
    )


def quiet_option(function: Function) -> Function:
    """`--quiet`."""
    option = click.option("--quiet", "-q", is_flag=True, help="Tell nothing of the progress.")
    decorated: Function = option(function)
    return decorated


def json_option(function: Function) -> Function:
    """`--json`, or `--format json`, as `as_json`."""
    flag = click.option("--json", "as_json", is_flag=True, help="As JSON.")
    form = click.option("--format", "form", type=click.Choice(["json"]), default=None, help="The same.")

    @wraps(function)
    def called(*arguments: Any, as_json: bool, form: str | None, **given: Any) -> Any:
        return function(*arguments, **given, as_json=as_json or form is not None)

    decorated: Function = flag(form(called))
    return decorated
