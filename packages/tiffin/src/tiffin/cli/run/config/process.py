"""What runs: arguments, environment, directory, terminal; merged with the image's config as Docker does."""

from __future__ import annotations

import os

from tiffin.cli.parse import UsageError
from tiffin.cli.run.config.init import INIT_TARGET
from tiffin.cli.run.config.namespaces import hostname_of
from tiffin.spec.runtime import defaults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.cli.run.config.context import Context
    from tiffin.spec.runtime.tree import ConfigTree


def apply_process(config: ConfigTree, arguments: Arguments, context: Context) -> None:
    """Sets `process` but for its privileges and limits.

    Raises:
        UsageError: if there is nothing to run, or a variable or a directory makes no sense.
    """
    process = config["process"]
    process["args"] = _args(arguments, context)
    process["env"] = [f"{name}={value}" for name, value in _environment(arguments, context).items()]
    process["cwd"] = _directory(arguments, context)
    process["terminal"] = arguments.switch("tty")


def _args(arguments: Arguments, context: Context) -> list[str]:
    entrypoint = list(context.image.get("Entrypoint") or ())
    command = list(context.image.get("Cmd") or ())
    words = list(arguments.words[1:])
    if arguments.given("entrypoint"):
        entrypoint, command = [arguments.text("entrypoint")], []
    args = [word for word in entrypoint if word] + (words or command)
    if args and arguments.switch("init"):
        args = [INIT_TARGET, "--", *args]
    if not args:
        raise UsageError("the image says nothing about what to run: give a command after it")
    return args


def _environment(arguments: Arguments, context: Context) -> dict[str, str]:
    """Later ones win: what every container has, the image's, those of files, those of flags."""
    name, value = defaults.PATH.split("=", 1)
    environment = {name: value, "HOSTNAME": hostname_of(arguments, context)}
    if arguments.switch("tty"):
        environment["TERM"] = "xterm"
    for text in context.image.get("Env") or ():
        _set(environment, text, "the image's environment")
    for path in arguments.texts("env-file"):
        for line in _lines(path):
            _set(environment, line, f"--env-file {path}")
    for text in arguments.texts("env"):
        _set(environment, text, "--env")
    return environment


def _set(environment: dict[str, str], text: str, where: str) -> None:
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
            lines = [line.lstrip() for line in file.read().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--env-file: {path!r} cannot be read: {error}") from error
    kept = [line for line in lines if line and not line.startswith("#")]
    for line in kept:
        if " " in line.partition("=")[0]:
            raise UsageError(f"--env-file: {path!r}: a name may have no space in it: {line!r}")
    return kept


def _directory(arguments: Arguments, context: Context) -> str:
    directory = arguments.text("workdir") or context.image.get("WorkingDir") or "/"
    if not directory.startswith("/"):
        raise UsageError(f"--workdir: {directory!r} is no absolute path")
    return os.path.normpath(directory)
