"""What a monitor has written to its directory: `<name>/pid` and `<name>/exit`, which outlive it."""

from __future__ import annotations

from pathlib import Path

from .values import Exit, MonitoredProcess


def recorded(directory: str) -> dict[str, MonitoredProcess]:
    """The processes that stand in a monitor's directory, by name; for when no monitor lives.

    A pid is not synced, unlike an exit: it is 0 where the machine went down before it was on disk.

    Raises:
        OSError: a record cannot be read.
    """
    found = {}
    for path in sorted(Path(directory).glob("*/pid")):
        pid, start_time = _read_pid(path)
        name = path.parent.name
        found[name] = MonitoredProcess(name, pid, start_time, _read_exit(path.parent / "exit"))
    return found


def _read_pid(path: Path) -> tuple[int, int]:
    words = path.read_text().split()
    return (int(words[0]), int(words[1])) if len(words) == 2 else (0, 0)


def _read_exit(path: Path) -> Exit | None:
    """`exit` is renamed into place: it is there and whole, or it is not there."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return None
    known = dict(line.split(" ", 1) for line in lines if " " in line)
    return Exit(int(known["status"]), int(known["signal"]), int(known["at"]), known["oom_killed"] == "1")
