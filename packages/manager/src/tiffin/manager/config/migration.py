"""`migrate`: a file of containerd, of any version, becomes one of ours; what is lost or changed is told.

    1        plugins have short names
    2        one plugin for CRI, with the runtime handlers in it
    3        CRI is several plugins: ours is this format
    4        [grpc], [ttrpc], [debug], [metrics] are plugins

Source: containerd's RELEASES.md ("Daemon Configuration"), and its configs as `containerd config default` prints them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tiffin.manager.config.consistency import inconsistencies
from tiffin.manager.config.migration_steps import (
    bring_down_servers,
    leave_out_empty,
    long_names,
    move_handlers,
    renew_handlers,
)
from tiffin.manager.config.position import has
from tiffin.manager.config.problem import FOREIGN, InvalidConfig, Path, Problem, dotted
from tiffin.manager.config.reading import read_section
from tiffin.manager.config.settings import VERSION, Config
from tiffin.runtime.record import Record

NEWEST = 4  # of containerd's
STEPS: tuple[tuple[range, Callable[[dict[str, Any], list[str]], None]], ...] = (
    (range(1, 2), long_names),
    (range(1, 3), move_handlers),
    (range(1, NEWEST + 1), renew_handlers),
    (range(1, NEWEST + 1), leave_out_empty),
    (range(NEWEST, NEWEST + 1), bring_down_servers),
)
OWN_FOLDERS = {
    "root": "tiffind cannot read what containerd keeps there; it uses a folder of its own",
    "state": "tiffind uses a folder of its own",
}


class Migrated(Record):
    """tree: of the new file. notes: what was dropped or changed, a line for each."""

    tree: dict[str, Any]
    notes: tuple[str, ...]


def migrate(tree: dict[str, Any]) -> Migrated:
    """The file as `tiffind` wants it; what it does not have is dropped. Raises InvalidConfig: an unknown version."""
    version = tree.get("version", 1)
    if type(version) is not int or not 1 <= version <= NEWEST:
        raise InvalidConfig([f"version is {version!r}: files of containerd have 1 to {NEWEST}"])
    notes: list[str] = []
    tree = _copy(tree)
    for versions, step in STEPS:
        if version in versions:
            step(tree, notes)
    tree["version"] = VERSION
    for key, reason in OWN_FOLDERS.items():
        if tree.pop(key, ""):
            notes.append(f"{key}: dropped: {reason}")
    _prune(tree, notes)
    return Migrated({"version": VERSION, **tree}, tuple(notes))


def _prune(tree: dict[str, Any], notes: list[str]) -> None:
    """Removes what cannot be used, until all that is left can."""
    while True:
        problems: list[Problem] = []
        config = read_section(Config(), tree, problems)
        problems = problems or list(inconsistencies(config))
        if not any(has(tree, problem.path) for problem in problems):
            return
        for problem in problems:
            if not has(tree, problem.path):
                continue  # told and removed just now, for another reason
            _remove(tree, problem.path)
            if not problem.harmless:
                notes.append(f"{dotted(problem.path)}: dropped: {problem.message.removeprefix(FOREIGN)}")


def _remove(tree: dict[str, Any], path: Path) -> None:
    """Removes the key, and tables that are empty without it."""
    if len(path) > 1 and isinstance(tree.get(path[0]), dict):
        _remove(tree[path[0]], path[1:])
        if not tree[path[0]]:
            del tree[path[0]]
    elif len(path) == 1:
        tree.pop(path[0], None)


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(each) for key, each in value.items()}
    return [_copy(each) for each in value] if isinstance(value, list) else value
