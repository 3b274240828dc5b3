"""`tiffin explain BUNDLE`: the kernel operations that the executor would do for a bundle; nothing is done."""

from __future__ import annotations

from tiffin.cli.parse import Arguments
from tiffin.runtime.command.main import main as runtime_main

NAME = "explain"  # a container needs one, and the plan has paths with it


def main(arguments: Arguments) -> int:
    """Prints the plan, for a person or as JSON; returns the exit code."""
    form = "json" if arguments.switch("json") else "text"
    bundle = arguments.words[0]
    return runtime_main(["tiffin explain", "--dry-run", "--format", form, "create", "--bundle", bundle, NAME])
