"""Sizes, numbers and pairs as docker takes them."""

from __future__ import annotations

import pytest

from tiffin.cli.parse import UsageError
from tiffin.cli.run.units import decimal, integer, pair, size, size_or_unlimited


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0), ("100", 100), ("100b", 100), ("1k", 1024), ("1K", 1024), ("1kb", 1024), ("64KiB", 65536),
        ("1.5g", 1610612736), ("512m", 536870912), (" 2g ", 2147483648), ("1t", 1099511627776), ("0.5k", 512),
    ],
)  # fmt: skip
def test_sizes(text: str, number: int) -> None:
    assert size("memory", text) == number


@pytest.mark.parametrize("text", ["", "much", "-1", "1x", "1mm", "1 m b", "m", "nan", "inf", "9e99", "1bb"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(UsageError, match=r"--memory: .* is no size"):
        size("memory", text)


def test_unlimited() -> None:
    assert size_or_unlimited("memory-swap", "-1") == -1
    assert size_or_unlimited("memory-swap", "1k") == 1024


def test_numbers() -> None:
    assert integer("pids-limit", "-1") == -1
    assert decimal("cpus", "1.5") == 1.5
    for text in ("", "x", "-1", "nan"):
        with pytest.raises(UsageError, match="--cpus"):
            decimal("cpus", text)
    with pytest.raises(UsageError, match=r"--pids-limit: '1\.5' is no whole number"):
        integer("pids-limit", "1.5")


def test_pairs() -> None:
    assert pair("sysctl", "a.b=c=d") == ("a.b", "c=d")
    for text in ("", "a", "=b"):
        with pytest.raises(UsageError, match="expected NAME=VALUE"):
            pair("sysctl", text)
