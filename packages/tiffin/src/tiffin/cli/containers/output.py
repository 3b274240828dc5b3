"""`tiffin logs NAME`: what a container in the background has written so far, to its stdout and stderr together."""

from __future__ import annotations

import os
import shutil
import sys

from tiffin.cli.containers.record import find_record
from tiffin.cli.failure import CommandFailed
from tiffin.cli.parse import Arguments
from tiffin.cli.run.host import Host
from tiffin.cli.run.stdio import OUTPUT


def main(arguments: Arguments) -> int:
    """Copies it, byte by byte. Raises CommandFailed for a container that was not started with --detach."""
    name = arguments.words[0]
    containers = Host.enter().store.containers  # not swept: the log of one that has just ended may be wanted
    find_record(containers, name)
    try:
        with open(os.path.join(containers, name, OUTPUT), "rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
    except FileNotFoundError:
        raise CommandFailed(
            f"{name!r} was not started with --detach: its output went to its caller"
        ) from None
    return 0
