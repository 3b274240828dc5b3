"""What `tiffin stats` asks for, where a container has ended, or nobody answers any more."""

from __future__ import annotations

from typing import cast

import pytest

from tiffin.cli.containers.port import Containers, Listed, Sample
from tiffin.cli.containers.statistics import samples
from tiffin.cli.failure import CommandFailed

SAMPLE = Sample(at=1, cpu=2, memory=3, limit=0, pids=1)


class Ended:
    """Of two containers one has ended. answers: somebody tells so."""

    def __init__(self, *, answers: bool) -> None:
        self._answers = answers

    def list(self) -> list[Listed]:
        if not self._answers:
            raise CommandFailed("no manager answers")
        return []

    def sample(self, name: str) -> Sample:
        if name == "ended" or not self._answers:
            raise CommandFailed(f"{name!r} does not run")
        return SAMPLE


def test_one_that_has_ended_is_left_out() -> None:
    assert samples(cast("Containers", Ended(answers=True)), ["ended", "other"]) == {"other": SAMPLE}


def test_a_manager_that_has_gone_is_told_of() -> None:
    with pytest.raises(CommandFailed, match="no manager answers"):
        samples(cast("Containers", Ended(answers=False)), ["other"])
