"""What runs: arguments, environment, directory, terminal; merged with the image's config as Docker does."""

from __future__ import annotations

import os

from tiffin.cli.parse import UsageError
from tiffin.cli.run.config.environment import set_variable, variables
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
    process["env"] = _environment(arguments, context)
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


def _environment(arguments: Arguments, context: Context) -> list[str]:
    """Later ones win: what every container has, the image's, those of files, those of flags."""
    name, value = defaults.PATH.split("=", 1)
    environment = {name: value, "HOSTNAME": hostname_of(arguments, context)}
    if arguments.switch("tty"):
        environment["TERM"] = "xterm"
    for text in context.image.get("Env") or ():
        set_variable(environment, text, "the image's environment")
    return variables(arguments, environment)


def _directory(arguments: Arguments, context: Context) -> str:
    directory = arguments.text("workdir") or context.image.get("WorkingDir") or "/"
    if not directory.startswith("/"):
        raise UsageError(f"--workdir: {directory!r} is no absolute path")
    return os.path.normpath(directory)
