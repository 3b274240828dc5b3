"""`tiffin ps`: the containers in the store."""

from __future__ import annotations

import json
import os
import time

from tiffin.cli.containers.record import ContainerRecord, read_record
from tiffin.cli.parse import Arguments
from tiffin.cli.run.host import Host
from tiffin.cli.text_table import print_table
from tiffin.image.store.containers import names

HEADINGS = ("NAME", "IMAGE", "COMMAND", "CREATED", "STATUS")
UNITS = ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))


def main(arguments: Arguments) -> int:
    """Prints them; those that do not run only with --all."""
    containers = Host.enter().swept().store.containers
    records = [
        record for name in names(containers) if (record := read_record(os.path.join(containers, name)))
    ]
    found = [(record, _status(record)) for record in records]
    shown = [(record, status) for record, status in found if arguments.switch("all") or status == "running"]
    if arguments.switch("json"):
        print(json.dumps([_tree(record, status) for record, status in shown], indent=2))
    elif arguments.switch("quiet"):
        for record, _ in shown:
            print(record.name)
    else:
        print_table(HEADINGS, [_row(record, status) for record, status in shown])
    return 0


def _status(record: ContainerRecord) -> str:
    if record.is_alive():
        return "running"
    return "ended" if record.exit_code is None else f"exited ({record.exit_code})"


def _tree(record: ContainerRecord, status: str) -> dict[str, object]:
    return {**dict(zip(record._fields, record, strict=True)), "status": status}


def _row(record: ContainerRecord, status: str) -> tuple[str, ...]:
    return record.name, record.image, record.command[:40], _age(time.time() - record.created), status


def _age(seconds: float) -> str:
    for unit, name in UNITS:
        if seconds >= 2 * unit:
            return f"{int(seconds // unit)} {name} ago"
    return "just now"
