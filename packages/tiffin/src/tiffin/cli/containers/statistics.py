"""`tiffin stats [NAME...]`: processor time, memory and processes of containers, from their cgroups."""

from __future__ import annotations

import json
import sys
import time

from tiffin.cli.containers.each import EXPECTED
from tiffin.cli.containers.opening import open_containers
from tiffin.cli.containers.port import ALIVE
from tiffin.cli.text_table import table_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.cli.containers.port import Containers, Sample
    from tiffin.cli.parse import Arguments

HEADINGS = ("NAME", "CPU %", "MEMORY", "LIMIT", "MEMORY %", "PIDS")
INTERVAL = 1.0  # seconds; what the processor did is only seen between two looks
CLEAR = "\033[H\033[2J"
UNITS = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def main(arguments: Arguments) -> int:
    """Prints a table each second; only one with --no-stream. Without names: all that run."""
    with open_containers(arguments) as containers:
        for name in arguments.words:
            containers.sample(name)  # one that is not there is an error at once
        before = samples(containers, arguments.words)
        while before or not arguments.words:
            time.sleep(INTERVAL)
            after = samples(containers, arguments.words)
            _show({name: (before.get(name, now), now) for name, now in after.items()}, arguments)
            if arguments.switch("no-stream"):
                break
            before = after
    return 0


def samples(containers: Containers, names: Sequence[str]) -> dict[str, Sample]:
    """Those that run; one that has ended meanwhile is left out."""
    wanted = names or [each.name for each in containers.list() if each.status in ALIVE]
    found = {}
    for name in wanted:
        try:
            found[name] = containers.sample(name)
        except EXPECTED:  # it has ended since it was listed; or nobody answers any more, which this tells
            containers.list()
    return found


def _show(pairs: dict[str, tuple[Sample, Sample]], arguments: Arguments) -> None:
    if arguments.switch("json"):
        print(json.dumps([_tree(name, *pair) for name, pair in pairs.items()]), flush=True)
        return
    lines = table_lines(HEADINGS, [_row(name, *pair) for name, pair in pairs.items()])
    if sys.stdout.isatty() and not arguments.switch("no-stream"):
        print(CLEAR, end="")
    print("\n".join(lines), flush=True)


def processor_percent(before: Sample, after: Sample) -> float:
    """100 is one processor, all of the time."""
    passed = after.at - before.at
    return 100 * max(0, after.cpu - before.cpu) / passed if passed > 0 else 0.0


def _tree(name: str, before: Sample, after: Sample) -> dict[str, object]:
    return {
        "name": name,
        "cpu_percent": round(processor_percent(before, after), 2),
        "cpu_nanoseconds": after.cpu,
        "memory": after.memory,
        "memory_limit": after.limit or None,
        "pids": after.pids,
    }


def _row(name: str, before: Sample, after: Sample) -> tuple[str, ...]:
    share = f"{100 * after.memory / after.limit:.2f}%" if after.limit else "-"
    limit = _size(after.limit) if after.limit else "none"
    cpu = f"{processor_percent(before, after):.2f}%"
    return name, cpu, _size(after.memory), limit, share, str(after.pids)


def _size(count: int) -> str:
    for unit, name in UNITS:
        if count >= unit:
            return f"{count / unit:.4g} {name}"
    return f"{count} B"
