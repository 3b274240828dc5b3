"""`tiffin inspect NAME...`: all that is known of containers, as JSON."""

from __future__ import annotations

import json

from tiffin.cli.containers.each import EXPECTED, tell
from tiffin.cli.containers.opening import open_containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments


def main(arguments: Arguments) -> int:
    """Prints a list; 1 if one is not there, which is left out, as with docker."""
    found, code = [], 0
    with open_containers(arguments) as containers:
        for name in arguments.words:
            try:
                found.append(containers.inspect(name))
            except EXPECTED as error:
                tell("inspect", error)
                code = 1
    print(json.dumps(found, indent=2))
    return code
