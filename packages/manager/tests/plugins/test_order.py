"""Plugins come after what they require; a table with a mistake is told."""

from __future__ import annotations

import pytest

from tiffin.manager.plugins.kind import Kind
from tiffin.manager.plugins.order import ordered
from tiffin.manager.plugins.plugin import Plugin
from tiffin.manager.plugins.table import TABLE

A: Kind[str] = Kind("test.a.v1")
B: Kind[str] = Kind("test.b.v1")
C: Kind[str] = Kind("test.c.v1")


def row(kind: Kind[str], identifier: str, *requires: Kind[str]) -> Plugin[str]:
    return Plugin(kind, identifier, lambda _: identifier, requires)


def names(*rows: Plugin[str]) -> list[str]:
    return [each.identifier for each in ordered(rows)]


def test_what_is_required_comes_first_else_the_order_stays() -> None:
    assert names(row(C, "c", B), row(A, "a1"), row(B, "b", A), row(A, "a2")) == ["a1", "a2", "b", "c"]
    assert names(row(B, "b"), row(A, "a")) == ["b", "a"]


def test_a_kind_that_nobody_has_is_no_obstacle() -> None:
    assert names(row(A, "a", C)) == ["a"]


def test_a_circle() -> None:
    with pytest.raises(ValueError, match=r"a circle: test.a.v1.a requires test.b.v1.b requires test.a.v1.a"):
        ordered([row(A, "a", B), row(B, "b", A)])


def test_one_that_requires_its_own_kind() -> None:
    with pytest.raises(ValueError, match="a circle"):
        ordered([row(A, "a", A)])


def test_a_name_that_stands_there_twice() -> None:
    with pytest.raises(ValueError, match=r"test.a.v1.a stands in the table twice"):
        ordered([row(A, "a"), row(A, "a")])


def test_the_table_itself() -> None:
    found = [each.name for each in ordered(TABLE)]
    assert len(found) == len(TABLE)
    assert found.index("io.containerd.metadata.v1.sqlite") > found.index(
        "io.containerd.snapshotter.v1.native"
    )
