"""C reads from a blob what Python wrote into it, whatever the plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from packages.runtime.tests.fuzz.native_programs import build, run
from packages.runtime.tests.plan.plans import plans

from tiffin.runtime.plan.encode import encode
from tiffin.runtime.plan.operation import Operation, Plan
from tiffin.runtime.plan.operations import KINDS
from tiffin.runtime.plan.table import OPERATIONS

pytestmark = pytest.mark.requires("clang")
NAMES = {row[0]: row[1] for row in OPERATIONS}


def field(kind: str, value: int | str | bytes | Sequence[int | str] | None) -> str:
    """A field as native/walk_plan.c prints it."""
    if value is None:
        return " none"
    if isinstance(value, int):
        return f" {value}"
    if isinstance(value, str):
        return f" t{value.encode('utf-8', 'surrogateescape').hex()}"
    if isinstance(value, bytes):
        return f" b{value.hex()}"
    return f" [{len(value)}{''.join(field(kind[:-1], item) for item in value)} ]"


def line(operation: Operation) -> str:
    values = zip(KINDS[operation.number], operation.arguments, strict=True)
    shown = "".join(field(kind, value) for kind, value in values)
    return f"{operation.number} {operation.step} {NAMES[operation.number]}{shown}"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans)
def test_any_plan_is_read_as_it_was_written(programs: Path, plan: Plan) -> None:
    command: list[str | Path] = [build("decode_test", programs), "what_python_wrote_is_printed"]
    printed = run(command, folder=programs, data=encode(plan, trace=True)).decode().splitlines()
    assert printed == ["flags 1", *map(line, plan.operations)]
