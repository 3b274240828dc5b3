"""Which modules the template loads: those of our own that load nothing but our own, and what is in C.

`os` is not among them: it keeps a copy of the environment, which would be the template's for ever.
"""

from __future__ import annotations

import ast
from pathlib import Path

from ..command.imports import imports_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

BUILT_IN = frozenset(
    ("_collections", "_imp", "_json", "_signal", "errno", "fcntl", "gc", "marshal", "posix", "sys", "time")
)  # the modules of other people that are loaded with ours: they keep nothing of their process
SINGLE = ("runtime", "spec", "spec/runtime")  # folders of which only the modules themselves count
FOLDERS = (
    "runtime/cgroup", "runtime/command", "runtime/compile", "runtime/launch", "runtime/lifecycle", "runtime/logging",
    "runtime/netdevices", "runtime/plan", "runtime/seccomp", "runtime/state", "spec/runtime/validation",
)  # fmt: skip
COMPILE_TIME = frozenset(("__future__", "__future__.annotations"))
NOT_MODULES = frozenset(("tiffin.runtime.command.bundle_start",))


def preloaded_modules(paths: list[str]) -> dict[str, Path]:
    """The modules, with their files.

    Args:
        paths: the folders that hold the package tiffin.
    """
    files = dict(_files(paths))
    imports = {name: _imports(name, file) for name, file in files.items()}
    fit = set(files)
    while unfit := {name for name in fit if not all(_is_fit(one, files, fit) for one in imports[name])}:
        fit -= unfit
    return {name: files[name] for name in sorted(fit)}


def _files(paths: list[str]) -> Iterator[tuple[str, Path]]:
    for path in map(Path, paths):
        top = path / "tiffin"
        found = [file for folder in SINGLE for file in (top / folder).glob("*.py")]
        found += [file for folder in FOLDERS for file in (top / folder).rglob("*.py")]
        for file in found:
            parts = file.relative_to(path).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if name not in NOT_MODULES:
                yield name, file


def _is_fit(needed: str, files: dict[str, Path], fit: set[str]) -> bool:
    """Whether an import loads nothing that is unfit: a module, or a name in one."""
    if not needed.startswith("tiffin."):
        return needed.partition(".")[0] in BUILT_IN
    return (needed if needed in files else needed.rpartition(".")[0]) in fit


def _imports(name: str, file: Path) -> frozenset[str]:
    found = imports_of(name, ast.parse(file.read_bytes()), is_package=file.name == "__init__.py")
    return frozenset(found) - COMPILE_TIME
