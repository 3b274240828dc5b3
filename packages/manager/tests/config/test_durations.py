"""Durations are read as Go reads them, and written so that they are read as the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiffin.manager.config.duration import format_duration, parse


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("0s", 0.0),
        ("100ms", 0.1),
        ("1.5s", 1.5),
        (".5s", 0.5),
        ("1h30m", 5400.0),
        ("2h45m30.5s", 9930.5),
        ("250us", 0.00025),
        ("250µs", 0.00025),
        ("7ns", 7e-9),
        ("1m1m", 120.0),
    ],
)
def test_what_go_reads(text: str, seconds: float) -> None:
    assert parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "-1s", "1 s", "s", "1d", "1s ", "٣s", "1e3s", "1.s2", "9999999999h", "inf"]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|years"):
        parse(text)


@given(st.integers(0, 10**15))
def test_there_and_back(nanoseconds: int) -> None:
    text = format_duration(nanoseconds / 10**9)
    assert round(parse(text) * 10**9) == round(nanoseconds / 10**9 * 10**9)


@pytest.mark.parametrize(
    "text", ["0s", "100ms", "1s", "1.5s", "10s", "1m", "1h", "1h30m", "1m0.001s", "250us", "7ns"]
)
def test_the_shortest_text(text: str) -> None:
    assert format_duration(parse(text)) == text
