"""Checks a config's JSON tree against runtime-spec 1.3, and reports every problem, not just the first.

A cold module: it imports nothing but built-in modules, so that `create` can afford it. First comes the structure
(`structure.py`, from the generated `table.py`), then the rules: a module for each part of the config, imported when
a config has that part, and in it a function for each rule. A problem is a WARNING where runc 1.1 takes such a config,
since callers rely on that; an ERROR where the container could not be made as the config says, or would be unsafe.
"""

from __future__ import annotations

from tiffin.spec.runtime.validation.problem import ERROR, WARNING, Problem
from tiffin.spec.runtime.validation.structure import check_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.validation.problem import Tree

__all__ = [
    "ERROR",
    "WARNING",
    "Problem",
    "drop_nulls",
    "errors",
    "validate",
    "validate_process",
    "validate_resources",
]


def validate(tree: object) -> list[Problem]:
    """Every problem of a whole config.json."""
    problems: list[Problem] = []
    config = check_object(tree, "Config", "", problems)
    if config is not None:
        problems += _config(config)
    return problems


def validate_process(tree: object) -> list[Problem]:
    """Every problem of a `process` object that stands alone, as `exec --process` takes it."""
    problems: list[Problem] = []
    process = check_object(tree, "Process", "", problems)
    if process is not None:
        problems += _process(process, "")
    return problems


def validate_resources(tree: object) -> list[Problem]:
    """Every problem of a `linux.resources` object that stands alone, as `update -r` takes it."""
    problems: list[Problem] = []
    resources = check_object(tree, "Resources", "", problems)
    if resources is not None:
        problems += _resources(resources, "")
    return problems


def errors(problems: list[Problem]) -> list[Problem]:
    """Those problems that are errors."""
    return [problem for problem in problems if problem.severity == ERROR]


def drop_nulls(tree: object) -> None:
    """Removes, in place, the members that are null: the specs read them as missing."""
    if type(tree) is dict:
        for key in [key for key, value in tree.items() if value is None]:
            del tree[key]
        for value in tree.values():
            if type(value) is dict or type(value) is list:
                drop_nulls(value)
    elif type(tree) is list:
        for item in tree:
            if type(item) is dict or type(item) is list:
                drop_nulls(item)


def _config(config: Tree) -> list[Problem]:
    """The rules get a tree whose types are right; a member may still be missing, or None."""
    from tiffin.spec.runtime.validation import document

    problems = [problem for rule in document.RULES for problem in rule(config)]
    if config.get("process"):
        problems += _process(config["process"], "process.")
    if config.get("mounts") or config.get("hooks"):
        from tiffin.spec.runtime.validation import mounts

        problems += [problem for rule in mounts.RULES for problem in rule(config)]
    if config.get("linux"):
        from tiffin.spec.runtime.validation import namespaces

        problems += [problem for rule in namespaces.RULES for problem in rule(config)]
        problems += _linux(config["linux"])
    return problems


def _linux(section: Tree) -> list[Problem]:
    problems: list[Problem] = []
    if section.get("resources"):
        problems += _resources(section["resources"], "linux.resources.")
    if section.get("seccomp"):
        from tiffin.spec.runtime.validation import seccomp

        problems += [problem for rule in seccomp.RULES for problem in rule(section["seccomp"])]
    if any(
        section.get(name) for name in ("devices", "netDevices", "intelRdt", "memoryPolicy", "personality")
    ):
        from tiffin.spec.runtime.validation import linux

        problems += [problem for rule in linux.RULES for problem in rule(section)]
    return problems


def _process(tree: Tree, prefix: str) -> list[Problem]:
    from tiffin.spec.runtime.validation import process

    return [problem for rule in process.RULES for problem in rule(tree, prefix)]


def _resources(tree: Tree, prefix: str) -> list[Problem]:
    from tiffin.spec.runtime.validation import resources

    return [problem for rule in resources.RULES for problem in rule(tree, prefix)]
