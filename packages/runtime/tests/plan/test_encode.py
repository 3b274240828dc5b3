"""The blob holds what the plan says, no more, and refuses what C could not read."""

from __future__ import annotations

import pytest
from hypothesis import given
from packages.runtime.tests.plan.plans import decode, plans, smallest

from tiffin.runtime.plan.encode import FLAG_TRACE, encode
from tiffin.runtime.plan.operation import Operation, Plan
from tiffin.runtime.plan.operations import KINDS, STEP_INIT, barrier, set_umask


@given(plans)
def test_any_plan_comes_back(plan: Plan) -> None:
    assert decode(encode(plan)) == plan


@pytest.mark.parametrize("number", KINDS)
def test_an_operation_with_nothing_in_it_comes_back(number: int) -> None:
    plan = Plan((smallest(number),))
    assert decode(encode(plan)) == plan


def test_where_is_for_people_and_not_in_the_blob() -> None:
    assert encode(Plan((set_umask(STEP_INIT, "process.user.umask", 7),))) == encode(
        Plan((set_umask(STEP_INIT, "", 7),))
    )


def test_tracing_is_a_flag_of_the_header() -> None:
    plan = Plan(())
    assert encode(plan, trace=True)[12] == FLAG_TRACE
    assert encode(plan)[12] == 0


def test_a_text_with_a_nul_is_refused_with_its_place() -> None:
    with pytest.raises(ValueError, match=r"hooks\[0\]: text holds a NUL"):
        encode(Plan((barrier(STEP_INIT, "hooks[0]", "a\0b"),)))


def test_a_number_that_is_too_large_is_refused_with_its_place() -> None:
    with pytest.raises(ValueError, match="umask"):
        encode(Plan((set_umask(STEP_INIT, "umask", 1 << 63),)))


def test_an_operation_with_a_field_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="has 0 fields, the table says 1"):
        encode(Plan((Operation(58, STEP_INIT, "", ()),)))
