"""Whatever the tree is: validation ends, with problems, and without an exception."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packages.spec.tests.test_round_trip import UNKNOWN, objects
from packages.spec.tests.validation_cases import ABSENT, CASES, patched

from tiffin.spec.model import from_tree, to_tree
from tiffin.spec.runtime import Config
from tiffin.spec.runtime.validation import errors, validate, validate_process, validate_resources

TEXTS = ("", "\0", "/", "..", "9" * 5000, "\ud800", "=", "-", "-1", "0-", ":/", "+", "1.2.3-", "L3:\n")
JUNK = UNKNOWN | st.sampled_from(
    [*TEXTS, -1, 2**64, 2**63, 1.5, {}, [], [None], [[]], [{}], True, {"": None}]
)


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every (container, key or index) of a tree."""
    keys: list[Any] = (
        [*node] if isinstance(node, dict) else [*range(len(node))] if isinstance(node, list) else []
    )
    here = [(node, key) for key in keys]
    return [*here, *(place for container, key in here for place in places(container[key]))]


@given(UNKNOWN)
def test_any_json(tree: Any) -> None:
    for check in (validate, validate_process, validate_resources):
        assert isinstance(check(tree), list)


@given(objects("Config"))
@settings(max_examples=100, deadline=None)
def test_any_config_of_the_right_types(tree: Any) -> None:
    for problem in validate(tree):
        assert problem.rule not in ("type", "range", "enumeration")
        assert problem.message


@given(st.sampled_from(CASES), st.data())
@settings(max_examples=400, deadline=None)
def test_any_member_replaced_by_anything(case: Any, data: Any) -> None:
    tree = patched(data.draw(st.sampled_from([case.broken, case.sound])))
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places(tree)))
        container[key] = copy.deepcopy(data.draw(JUNK))
    before = copy.deepcopy(tree)
    problems = validate(tree)
    assert tree == before
    if not errors(problems):
        assert to_tree(from_tree(tree, Config)) is not None


@pytest.mark.parametrize("text", TEXTS)
def test_any_string_replaced_by_a_strange_one(text: str) -> None:
    for side in ("broken", "sound"):
        sections = {
            path: value for case in CASES for path, value in getattr(case, side).items() if "[" not in path
        }
        for path, value in sections.items():
            tree = {path: value if value is ABSENT else copy.deepcopy(value)}
            for container, key in places(tree):
                if isinstance(container[key], str):
                    kept, container[key] = container[key], text
                    assert isinstance(validate(patched(tree)), list)
                    container[key] = kept
