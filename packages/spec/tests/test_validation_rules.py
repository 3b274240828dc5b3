"""Each rule of the validator has a config that breaks it, and one like it that does not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from packages.spec.tests.validation_cases import CASES, Case, base, patched

from tiffin.spec.runtime import validation
from tiffin.spec.runtime.validation import (
    ERROR,
    Problem,
    drop_nulls,
    validate,
    validate_process,
    validate_resources,
)

STRUCTURAL = {"type", "range", "required", "enumeration", "nul", "name.case"}


def rules_in_the_code() -> set[str]:
    """The third argument of every Problem(...) that the package's modules make."""
    found = set()
    for module in Path(validation.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem":
                rule = node.args[2]
                if isinstance(rule, ast.Constant):
                    found.add(str(rule.value))
                else:
                    assert isinstance(rule, ast.JoinedStr), ast.dump(rule)
                    found |= {"capabilities.effective", "capabilities.inheritable"}
    return found


def test_every_rule_has_a_case() -> None:
    assert rules_in_the_code() == {case.rule for case in CASES}


def test_the_base_has_no_problem() -> None:
    assert validate(base()) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_broken_config_is_reported(case: Case) -> None:
    problems = validate(patched(case.broken))
    assert [(p.rule, p.path, p.severity) for p in problems] == [(case.rule, case.path, case.severity)]
    assert problems[0].message
    assert problems[0].section.startswith(("config.md: ", "config-linux.md: "))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_sound_config_is_not(case: Case) -> None:
    assert validate(patched(case.sound)) == []


def test_all_problems_are_reported_at_once() -> None:
    cases = [
        case for case in CASES if case.path.startswith(("process.cwd", "process.umask", "linux.devices"))
    ]
    merged = {name: value for case in cases for name, value in case.broken.items()}
    merged |= {"hostname": 3, "linux.namespaces": [{"type": "net"}, {"type": 1}, 2], "annotations": "x"}
    problems = validate(patched(merged))
    assert {p.path for p in problems} >= {"hostname", "process.cwd", "annotations"}
    assert {p.path for p in problems} >= {
        "linux.namespaces[0].type",
        "linux.namespaces[1].type",
        "linux.namespaces[2]",
    }


@pytest.mark.parametrize("tree", [None, 3, "x", [], [{}], True, 1.5])
def test_what_is_no_object_is_one_problem(tree: object) -> None:
    assert [(p.rule, p.path) for p in validate(tree)] == [("type", "")]


def test_null_is_the_same_as_missing() -> None:
    config = patched({"linux.resources": None, "hostname": None, "mounts": None, "process.user.umask": None})
    assert validate(config) == []
    assert [p.rule for p in validate(patched({"process": None}))] == ["process.required"]


def test_drop_nulls_removes_members_and_nothing_else() -> None:
    tree = {"a": None, "b": [1, {"c": None, "d": 0}, [None, {"e": None}]], "f": {"g": None}, "h": False}
    drop_nulls(tree)
    assert tree == {"b": [1, {"d": 0}, [None, {}]], "f": {}, "h": False}


def test_validation_changes_nothing() -> None:
    for case in CASES:
        config = patched(case.broken)
        validate(config)
        assert config == patched(case.broken)


def test_a_process_alone_has_paths_of_its_own() -> None:
    process = base()["process"]
    assert validate_process(process) == []
    assert [p.path for p in validate_process({**process, "cwd": "x", "env": ["x"]})] == ["cwd", "env[0]"]
    assert [p.rule for p in validate_process([])] == ["type"]


def test_resources_alone_have_paths_of_their_own() -> None:
    assert validate_resources({"memory": {"limit": 2**20}}) == []
    assert [p.path for p in validate_resources({"cpu": {"quota": 1, "idle": "x"}})] == [
        "cpu.idle",
        "cpu.quota",
    ]


def test_a_problem_is_a_cheap_tuple() -> None:
    problem = Problem("a.b", "is wrong", "rule", "config.md: X")
    assert tuple(problem) == ("a.b", "is wrong", "rule", "config.md: X", ERROR)
    assert (problem.path, problem.rule, problem.severity) == ("a.b", "rule", "error")
    assert str(problem) == "a.b: is wrong [rule; config.md: X]"
    assert hash(problem) == hash(Problem("a.b", "is wrong", "rule", "config.md: X"))
