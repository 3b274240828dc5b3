"""`load`: a file, and the files that it imports, become one `Config`, or one error that tells all that is wrong."""

from __future__ import annotations

import glob
import os
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from tiffin.manager.config.consistency import inconsistencies
from tiffin.manager.config.position import line_of
from tiffin.manager.config.problem import InvalidConfig, Problem, dotted
from tiffin.manager.config.reading import read_section
from tiffin.manager.config.settings import VERSION, Config

DEFAULT_PATH = "/etc/tiffind/config.toml"


def parsed(data: bytes, name: str) -> dict[str, Any]:
    """What a file has in it. name: of the file, for what is wrong with it. Raises InvalidConfig."""
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        wrong = f"is not UTF-8: byte {error.start} is {data[error.start]:#x}"
    except tomllib.TOMLDecodeError as error:
        wrong = str(error)
    except RecursionError:
        wrong = "tables or lists are nested too deeply"
    raise InvalidConfig([f"{name}: {wrong}"])


class Loaded:
    """One file. path: absolute. tree: as tomllib has it."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        try:
            with open(self.path, "rb") as file:
                data = file.read()
        except OSError as error:
            raise InvalidConfig([f"{path}: cannot be read: {error.strerror}"]) from None
        self.tree = parsed(data, path)
        self.text = data.decode()

    def describe(self, problem: Problem) -> str:
        """The problem with file and line: of the key, or of the nearest table around it that is in this file."""
        path, line = problem.path, 0
        while path and not line:
            line = line_of(self.text, path)
            path = path[:-1]
        where = f"{self.path}:{line}" if line else self.path
        return f"{where}: {dotted(problem.path)} {problem.message}"


def load(path: str = "", *, overrides: Mapping[str, Any] | None = None) -> Config:
    """The settings of a file and its imports; without a path, of the default file if it is there.

    Args:
        path: of the file.
        overrides: a table that counts more than all files: of the command line.

    Raises:
        InvalidConfig: something cannot be read, is unknown, or cannot be; the text has all of it, with lines.
    """
    if not path and os.path.exists(DEFAULT_PATH):
        path = DEFAULT_PATH
    files = _with_imports(path) if path else []
    tree: dict[str, Any] = {}
    lines: list[str] = []
    for file in files:
        problems: list[Problem] = []
        if "version" not in file.tree:
            problems.append(Problem(("version",), f"is missing: write version = {VERSION} at the top"))
        read_section(Config(), file.tree, problems)
        lines += [file.describe(each) for each in problems if not each.harmless]
        tree = merged(tree, file.tree)
    if lines:
        raise InvalidConfig(lines)
    return from_tree(merged(tree, overrides or {}), files)


def from_tree(tree: Mapping[str, Any], files: Sequence[Loaded] = ()) -> Config:
    """The settings of a table. files: where it comes from, for what is wrong with it. Raises InvalidConfig."""
    problems: list[Problem] = []
    config = read_section(Config(), tree, problems)
    problems = [each for each in problems if not each.harmless]
    problems += inconsistencies(config)
    if problems:
        raise InvalidConfig([_described(problem, files) for problem in problems])
    return config


def _described(problem: Problem, files: Sequence[Loaded]) -> str:
    """With the line of the last file that sets it; without a line if none does."""
    for file in reversed(files):
        if line_of(file.text, problem.path):
            return file.describe(problem)
    return f"{dotted(problem.path)} {problem.message}"


def _with_imports(path: str) -> list[Loaded]:
    """The file, then what it imports, then what those import; each once. A later one counts more."""
    pending, found = [path], dict[str, Loaded]()
    while pending:
        file = Loaded(pending.pop(0))
        if file.path in found:
            continue
        found[file.path] = file
        imports = file.tree.get("imports", [])
        if isinstance(imports, list):  # else it is told with all other problems
            for each in filter(lambda each: isinstance(each, str), imports):
                wanted = os.path.join(os.path.dirname(file.path), each)
                pending += sorted(glob.glob(wanted)) if glob.has_magic(each) else [wanted]
    return list(found.values())


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both tables: tables key by key, lists joined without what is there already, else what is above."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            result[key] = merged(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            result[key] = old + [each for each in value if each not in old]
        else:
            result[key] = value
    return result
