"""`tiffin events`: what a manager tells, as it happens."""

from __future__ import annotations

import json

from tiffin.cli.containers.opening import open_containers
from tiffin.cli.harmless import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.cli.parse import Arguments


def main(arguments: Arguments) -> int:
    """Prints a line for each, until it is interrupted."""
    with open_containers(arguments) as containers:
        for event in containers.events(arguments.texts("filter")):
            print(json.dumps(event) if arguments.switch("json") else harmless(_line(event)), flush=True)
    return 0


def _line(event: dict[str, Any]) -> str:
    fields = " ".join(f"{name}={_text(value)}" for name, value in event["event"].items())
    return f"{event['time']} {event['namespace']} {event['topic']} {fields}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
