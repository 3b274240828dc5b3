"""Labels that a user gives."""

from __future__ import annotations

import pytest
from packages.tiffin.tests.conftest import arguments_of

from tiffin.cli.parse import UsageError
from tiffin.cli.run.labels import given_labels


def test_labels() -> None:
    given = given_labels(arguments_of("--label=a=b=c", "-l", "d", "-l", "a.b="))
    assert given == {"a": "b=c", "d": "", "a.b": ""}


@pytest.mark.parametrize("text", ["", "=value"])
def test_one_without_a_name(text: str) -> None:
    with pytest.raises(UsageError, match="--label"):
        given_labels(arguments_of("--label", text))
