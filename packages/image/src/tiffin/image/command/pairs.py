"""Options of the form NAME=VALUE, as Docker has them."""

from __future__ import annotations

import os

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiffin.image.building.options import Secret


def pairs(option: str, texts: Iterable[str]) -> dict[str, str]:
    """NAME=VALUE. Raises UsageError for what is none."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{option} {text!r}: expected NAME=VALUE")
        found[name] = value
    return found


def arguments(texts: Iterable[str]) -> dict[str, str]:
    """NAME=VALUE, or NAME for the variable of our environment; one that is not set there is left out."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if equals:
            found[name] = value
        elif name in os.environ:
            found[name] = os.environ[name]
    return found


def secrets(texts: Iterable[str]) -> dict[str, Secret]:
    """id=NAME[,src=PATH|,env=VARIABLE]; without either it is the variable NAME, or the file. Raises UsageError."""
    from tiffin.image.building.options import Secret

    found = {}
    for text in texts:
        parts = pairs(f"--secret {text!r}", text.split(","))
        name = parts.pop("id", "")
        kind = parts.pop("type", "")
        path, variable = parts.pop("src", "") or parts.pop("source", ""), parts.pop("env", "")
        if not name or parts or kind not in ("", "file", "env") or (path and variable):
            raise click.UsageError(f"--secret {text!r}: expected id=NAME,src=PATH or id=NAME,env=VARIABLE")
        if not path and not variable and name in os.environ:
            variable = name
        found[name] = Secret(variable=variable) if variable else Secret(path=path or name)
    return found


def agents(texts: Iterable[str]) -> dict[str, str]:
    """ID[=SOCKET] of SSH agents; $SSH_AUTH_SOCK by default. Raises UsageError."""
    found = {}
    for text in texts:
        name, _, socket = text.partition("=")
        path = socket or os.environ.get("SSH_AUTH_SOCK", "")
        if not path:
            raise click.UsageError(
                f"--ssh {text!r}: no agent runs ($SSH_AUTH_SOCK is not set); give ID=SOCKET"
            )
        found[name] = path
    return found
