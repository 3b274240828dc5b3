"""`prune` of the build cache: its limits, as options have them, and what it tells."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from packages.image.tests.command.conftest import Program

from tiffin.image.command.limits import age, size

AGES = [
    ("90m", 5400.0),
    ("24h", 86400.0),
    ("7d", 604800.0),
    ("1h30m", 5400.0),
    ("2w", 1209600.0),
    ("0s", 0.0),
]
SIZES = [
    ("0", 0),
    ("512", 512),
    ("1.5k", 1500),
    ("512MB", 512 * 10**6),
    ("10gb", 10**10),
    ("4GiB", 4 * 2**30),
]


@pytest.mark.parametrize(("text", "seconds"), AGES)
def test_ages(text: str, seconds: float) -> None:
    assert age(text) == seconds


@pytest.mark.parametrize(("text", "count"), SIZES)
def test_sizes(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize("text", ["", "7", "7x", "-1d", "d", "1.5d", "10GB"])
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(click.BadParameter, match="an age was expected"):
        age(text)


@pytest.mark.parametrize("text", ["", "GB", "-1", "10XB", "1.GB", "7d"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(click.BadParameter, match="a size was expected"):
        size(text)


@pytest.mark.requires("root", "overlayfs")
def test_the_build_cache(program: Program, tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch AS one\nCOPY f /\nFROM scratch\nCOPY --from=one /f /g")
    (context / "f").write_bytes(bytes(100_000))
    program("build", "-q", "-t", "app", str(context))
    for limit in (("--unused-for", "1h"), ("--max-used-space", "1MB")):
        assert program("prune", *limit).splitlines()[0] == (
            "results of builds forgotten: 0, cache folders emptied: 0"
        )
    found = json.loads(program("prune", "--max-used-space", "50kB", "--json"))
    assert (found["results"], found["cacheFolders"]) == (2, 0)
    assert found["freed"] > 100_000
    assert program("prune", "--build-cache").splitlines()[-1] == "Freed 0 B"
    assert "an age was expected" in program.fails("prune", "--unused-for", "10GB")[1]
