"""Variables from flags and files: `--env`, `--env-file`."""

from __future__ import annotations

import os

from tiffin.cli.parse import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments


def variables(arguments: Arguments, environment: dict[str, str]) -> list[str]:
    """Those of the flags over those of files over those that are given, as `NAME=VALUE`. Raises UsageError."""
    for path in arguments.texts("env-file"):
        for line in _lines(path):
            set_variable(environment, line, f"--env-file {path}")
    for text in arguments.texts("env"):
        set_variable(environment, text, "--env")
    return [f"{name}={value}" for name, value in environment.items()]


def set_variable(environment: dict[str, str], text: str, where: str) -> None:
    """`NAME=VALUE`; `NAME` alone is taken from our own environment, and taken away if it is not there."""
    name, equals, value = text.partition("=")
    if not name or "\0" in text:
        raise UsageError(f"{where}: {text!r} is no NAME=VALUE")
    if equals:
        environment[name] = value
    elif name in os.environ:
        environment[name] = os.environ[name]
    else:
        environment.pop(name, None)


def _lines(path: str) -> list[str]:
    """The variables in a file: no quotes, no spaces in names, lines that start with # are comments."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.lstrip() for line in file.read().split("\n")]
    except OSError as error:
        raise UsageError(f"--env-file: {path!r} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"--env-file: {path!r} is not UTF-8: {error}") from error
    kept = [line for line in lines if line and not line.startswith("#")]
    for line in kept:
        if " " in line.partition("=")[0]:
            raise UsageError(f"--env-file: {path!r}: a name may have no space in it: {line!r}")
    return kept
