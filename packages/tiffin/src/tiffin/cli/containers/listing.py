"""`tiffin ps`: containers."""

from __future__ import annotations

import json
import time

from tiffin.cli.containers.opening import open_containers
from tiffin.cli.containers.port import ALIVE
from tiffin.cli.text_table import print_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.containers.port import Listed
    from tiffin.cli.parse import Arguments

HEADINGS = ("NAME", "IMAGE", "COMMAND", "CREATED", "STATUS")
UNITS = ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))


def main(arguments: Arguments) -> int:
    """Prints them; those that do not run only with --all."""
    with open_containers(arguments) as containers:
        found = containers.list()
    shown = [each for each in found if arguments.switch("all") or each.status in ALIVE]
    if arguments.switch("json"):
        print(json.dumps([each.tree for each in shown], indent=2))
    elif arguments.switch("quiet"):
        for each in shown:
            print(each.name)
    else:
        print_table(HEADINGS, [_row(each) for each in shown])
    return 0


def _row(listed: Listed) -> tuple[str, ...]:
    age = _age(time.time() - listed.created)
    return listed.name, listed.image, listed.command[:40], age, listed.status


def _age(seconds: float) -> str:
    for unit, name in UNITS:
        if seconds >= 2 * unit:
            return f"{int(seconds // unit)} {name} ago"
    return "just now"
