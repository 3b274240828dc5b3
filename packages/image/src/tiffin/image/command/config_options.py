"""Options on what shall be otherwise in a config, as umoci calls them, as one `ConfigChanges`."""

from __future__ import annotations

from functools import wraps

import click

from tiffin.image.command.pairs import pairs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tiffin.image.bundles.config_changes import ConfigChanges

    Function = Callable[..., Any]

# option: the field of ConfigChanges, what is expected, help
TEXTS = {
    "config.user": ("user", "USER[:GROUP]", "Who runs it."),
    "config.workingdir": ("working_folder", "PATH", "Where it runs."),
    "config.stopsignal": ("stop_signal", "SIGNAL", "What ends it."),
    "author": ("author", "TEXT", "Whose image it is."),
    "created": ("created", "TIME", "When it was made, as in RFC 3339."),
    "architecture": ("architecture", "NAME", "What it runs on."),
    "os": ("os", "NAME", "What it runs on."),
    "variant": ("variant", "NAME", "What it runs on."),
}
LISTS = {
    "config.entrypoint": ("entrypoint", "WORD", "A word of the entry point, in place of the old one."),
    "config.cmd": ("cmd", "WORD", "A word of the command, in place of the old one."),
    "config.env": ("env", "NAME=VALUE", "A variable."),
    "config.exposedports": ("exposed_ports", "PORT[/tcp]", "A port."),
    "config.volume": ("volumes", "PATH", "A volume."),
    "config.label": ("labels", "NAME=VALUE", "A label."),
    "manifest.annotation": ("annotations", "NAME=VALUE", "An annotation of the manifest."),
    "clear": (
        "clear",
        "MEMBER",
        "Empty this before: config.env, config.labels, manifest.annotations and so on.",
    ),
}
PAIRS = ("labels", "annotations")
REPLACED = ("entrypoint", "cmd")


def config_options(function: Function) -> Function:
    """The function gets a `ConfigChanges` as `changes`."""
    options = [
        click.option(f"--{name}", field, default=None, metavar=shape, help=text)
        for name, (field, shape, text) in TEXTS.items()
    ] + [
        click.option(f"--{name}", field, multiple=True, metavar=shape, help=f"{text} May be repeated.")
        for name, (field, shape, text) in LISTS.items()
    ]
    fields = [field for field, _, _ in (*TEXTS.values(), *LISTS.values())]

    @wraps(function)
    def called(*arguments: Any, **given: Any) -> Any:
        values = {name: given.pop(name) for name in fields}
        return function(*arguments, **given, changes=_changes(values))

    for option in reversed(options):
        called = option(called)
    return called


def _changes(values: dict[str, Any]) -> ConfigChanges:
    """Raises UsageError for a label that is none."""
    from tiffin.image.bundles.config_changes import ConfigChanges

    for name in PAIRS:
        values[name] = pairs(f"--{name}", values[name])
    for name in REPLACED:
        values[name] = values[name] or None
    return ConfigChanges(**values)
